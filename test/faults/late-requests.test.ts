import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Endpoint, execution, matching, pilots } from '../../src/contract/index.js';
import { pilotRoutes } from '../pilot/support/pilot-routes.js';
import { contradictions } from '../support/faults/contradictions.js';
import { uploadForm } from '../support/faults/work.js';
import { faultWorld, type FaultWorld, type HeldAttempt, send, sha256 } from '../support/faults/world.js';
import { anOffer } from '../support/matching.js';

const bytes = Buffer.from('outputs of somebody who was given up');
const sandbox = {
  checksum_algorithm: 'sha256',
  checksum: sha256(bytes),
  size: bytes.length,
  format: 'tar.gz',
} as const;
const node = {
  hostname: 'late',
  platform: 'x',
  architecture: 'x',
  processors: 1,
  memory: 1,
  disk: 1,
  cpu_power: 1,
  benchmark_version: '1',
  isolation: 'none',
};

describe('an attempt that was given up while its pilot was cut off', () => {
  let world: FaultWorld;
  let dead: HeldAttempt;
  let living: HeldAttempt;
  let pfn: string;
  let pilotToken: string;

  beforeAll(async () => {
    world = await faultWorld();
    await world.submit(1);
    [dead] = (await world.hold()) as [HeldAttempt];
    pilotToken = world.tokens.forPilot({ vo: 'lhcb', stamp: dead.stamp }, 600).token;
    const form = await send(world.url, { endpoint: execution.outputs, input: { body: sandbox }, token: dead.token });
    await uploadForm(world.url, form, bytes);
    pfn = form.pfn;
    await send(world.url, {
      endpoint: pilots.log,
      input: { params: { number: 0 }, body: { text: 'here I am\n' } },
      token: pilotToken,
    });
    // What the pilot monitor does with the word of the computing element: the pilot is gone.
    const end = { status: 'Failed' as const, reason: 'its computing element lost it' };
    await send(world.url, { endpoint: pilots.end, input: { body: end }, token: pilotToken });
    [living] = (await world.hold()) as [HeldAttempt];
  }, 120_000);
  afterAll(() => world.close());

  /** All that the database says of jobs, pilots and what belongs to them. */
  async function everything(): Promise<unknown> {
    const tables = ['jobs', 'job_history', 'job_parameters', 'job_commands', 'attempts', 'leases', 'sandboxes'];
    const rest = ['job_sandboxes', 'pilot_log_chunks', 'pilots', 'outbox', 'job_count_deltas'];
    const all = await Promise.all(
      [...tables, ...rest].map(async (table) => [table, await world.database.query(`SELECT * FROM ${table}`)]),
    );
    return JSON.parse(JSON.stringify(Object.fromEntries(all)), (key, value: unknown) =>
      key === 'last_contact' ? undefined : value,
    ) as unknown;
  }

  const ofAttempt: [Endpoint, unknown][] = [
    [execution.inputs, undefined],
    [execution.status, { sequence: 7, status: 'Completing', application_status: 'late', parameters: { late: 'yes' } }],
    [execution.outputs, { ...sandbox, checksum: sha256('other outputs') }],
    [execution.assignOutputs, { pfn: '' }],
    [execution.end, { outcome: 'done', minor_status: 'late', parameters: { late: 'yes' } }],
  ];
  const ofPilot: [Endpoint, unknown, string | undefined][] = [
    [matching.claim, { claim_id: randomUUID(), offer: anOffer, max_jobs: 1 }, 'pilot-ended'],
    [pilots.log, { text: 'and here I go\n' }, 'pilot-ended'],
    [pilots.report, node, 'pilot-ended'],
    [pilots.renew, undefined, 'pilot-ended'],
    [pilots.end, { status: 'Done', reason: 'all went well' }, undefined],
    [execution.heartbeat, { attempts: [] }, undefined],
  ];

  it('runs again elsewhere as the next attempt', () => {
    expect([dead, living].map(({ job_id, attempt }) => [job_id, attempt])).toEqual([
      [dead.job_id, 1],
      [dead.job_id, 2],
    ]);
  });

  it.each(ofAttempt.map(([endpoint, body]) => [endpoint.name, endpoint, body] as const))(
    'is refused and changes nothing: %s',
    async (_, endpoint, given) => {
      const body = endpoint === execution.assignOutputs ? { pfn } : given;
      const before = await everything();
      const late = send(world.url, { endpoint, input: { body } as never, token: dead.token });
      await expect(late).rejects.toMatchObject({ status: 409, code: 'attempt-ended' });
      expect(await everything()).toEqual(before);
    },
  );

  it.each(ofPilot.map(([endpoint, body, code]) => [endpoint.name, endpoint, body, code] as const))(
    'has a pilot that changes nothing any more: %s',
    async (_, endpoint, given, code) => {
      const { job_id, attempt } = dead;
      const body = endpoint === execution.heartbeat ? { attempts: [{ job_id, attempt, metrics: {} }] } : given;
      const before = await everything();
      const request = { endpoint, input: { params: { number: 1 }, body } as never, token: pilotToken };
      const answer = await send(world.url, request).catch((error: unknown) => error);
      if (code !== undefined) expect(answer).toMatchObject({ status: 409, code });
      else if (endpoint === execution.heartbeat) expect(answer).toMatchObject({ attempts: [{ outcome: 'gone' }] });
      else expect(answer).toBeUndefined();
      expect(await everything()).toEqual(before);
    },
  );

  it('was tried on every route of pilots but the exchange of their secret', async () => {
    const tried = [...ofAttempt, ...ofPilot].map(([{ name }]) => name);
    expect(pilotRoutes.map(({ name }) => name).filter((name) => !tried.includes(name))).toEqual([pilots.token.name]);
    expect(await contradictions(world)).toEqual([]);
  });
});
