import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { SiteDirector } from '../../src/agents/site-director/site-director.agent.js';
import { ComputingElementError } from '../../src/ce/index.js';
import { Pilots, ResourceStatuses } from '../../src/wms/index.js';
import { aStamp, type AgentsTest, FakeCe, quietLog, startAgentsTest } from './support.js';

const place = 'lhcb/demo.local/local/all';
const unreachable = new ComputingElementError('unreachable', 'no answer; look whether it is up');

describe('The site director', () => {
  let test: AgentsTest;
  let pilots: Pilots;
  let ce: FakeCe;
  let demand: Map<string, number>;
  let statuses: ResourceStatuses;

  beforeAll(async () => {
    test = await startAgentsTest();
    pilots = new Pilots(test.database, { wake: () => undefined });
    statuses = new ResourceStatuses(test.database, test.wakeUps, quietLog);
    await statuses.start();
  });
  afterAll(async () => {
    statuses.close();
    await test.close();
  });
  afterEach(async () => {
    for (const table of ['pilots', 'queue_states', 'outbox', 'leases'])
      await test.database.execute(`DELETE FROM ${table}`);
  });

  const direct = (): SiteDirector => {
    ce = new FakeCe();
    return new SiteDirector({
      database: test.database,
      pilots,
      demand: async () => demand,
      statuses,
      elements: { get: async () => ce },
      render: ({ stamp, secret }) => ({
        script: `#!/bin/sh\n# ${stamp} ${secret}\n`,
        arguments: [],
        environment: {},
        files: [],
      }),
      silentSeconds: 60,
      pace: 1,
    });
  };
  const rows = (): Promise<Record<string, unknown>[]> => test.database.query('SELECT * FROM pilots ORDER BY pilot_id');
  const circuit = async (): Promise<Record<string, unknown> | undefined> =>
    (await test.database.query('SELECT circuit, failures, reason FROM queue_states'))[0];
  const aPilot = (over: { submitted?: boolean; age?: number; status?: string } = {}): Promise<string> =>
    test.database.transaction(async (tx) => {
      const stamp = aStamp();
      await pilots.create(tx, [
        {
          stamp,
          vo: 'lhcb',
          site: 'Demo.Local',
          ce: 'local',
          queue: 'all',
          gridType: 'local',
          processors: 2,
          tags: [],
          platforms: [],
          secretHash: 'x',
          secretLifetime: 600,
        },
      ]);
      await tx.execute(
        `UPDATE pilots SET status = ?, submission_time = NOW(6) - INTERVAL ? SECOND,
           submitted_at = IF(?, NOW(6), NULL), reference = IF(?, CONCAT('ref-', stamp), NULL) WHERE stamp = ?`,
        [over.status ?? 'Submitted', over.age ?? 0, over.submitted ?? true, over.submitted ?? true, stamp],
      );
      return stamp;
    });

  it('submits pilots for the cores that are wanted, and none twice for the same', async () => {
    const director = direct();
    demand = new Map([[place, 5]]);
    expect(await director.run(test.context())).toEqual({ settled: 0, submitted: 3, refused: 0 });
    expect(await director.run(test.context())).toEqual({ settled: 0, submitted: 0, refused: 0 });
    expect(await rows()).toHaveLength(3);
  });

  it('stores the reference of each pilot and the hash of its secret, never the secret', async () => {
    const director = direct();
    demand = new Map([[place, 1]]);
    await director.run(test.context());
    const [row] = await rows();
    const script = ce.programs.get(String(row?.['stamp']))?.script ?? '';
    const secret = script.trim().split(' ').at(-1) ?? '';
    expect(row).toMatchObject({
      status: 'Submitted',
      reference: `ref-${String(row?.['stamp'])}`,
      vo: 'lhcb',
      processors: 2,
    });
    expect(row?.['secret_hash']).toBe(createHash('sha256').update(secret).digest('hex'));
    expect(JSON.stringify(row)).not.toContain(secret);
  });

  it('writes the row before it asks the CE', async () => {
    const director = direct();
    demand = new Map([[place, 1]]);
    let known: unknown[] = [];
    const submit = ce.submit.bind(ce);
    ce.submit = async (submission, call) => {
      known = await rows();
      return submit(submission, call);
    };
    await director.run(test.context());
    expect(known).toHaveLength(1);
  });

  it('counts running pilots that have no job yet as on offer, and those with a job not', async () => {
    const director = direct();
    demand = new Map([[place, 2]]);
    const idle = await aPilot({ status: 'Running' });
    await test.database.execute('UPDATE pilots SET last_contact = NOW(6)');
    expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
    await test.database.execute(
      "INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at) VALUES (1, 1, NOW(6), 'lhcb', ?, NOW(6))",
      [idle],
    );
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
  });

  it('sends no pilot where the site or the CE is banned for the VO, and asks its CE nothing', async () => {
    const director = direct();
    demand = new Map([[place, 4]]);
    const banned = { vo: 'lhcb', access: '', status: 'Banned', reason: 'why', expires: null } as const;
    const [site, element] = [
      { ...banned, kind: 'site', name: 'Demo.Local' } as const,
      { ...banned, kind: 'ce', name: 'Demo.Local/local' } as const,
    ];
    for (const resource of [site, element]) {
      await statuses.set(resource, 'test');
      expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
      await statuses.clear(resource, 'over', 'test');
    }
    expect(ce.submissions).toEqual([]);
    await statuses.set({ ...site, status: 'Degraded' }, 'test');
    expect(await director.run(test.context())).toMatchObject({ submitted: 2 });
    await statuses.clear(site, 'over', 'test');
  });

  it('sends one pilot at a time where the site is probed, whatever runs there from before', async () => {
    await aPilot({ status: 'Running' });
    const director = direct();
    demand = new Map([[place, 50]]);
    const site = { kind: 'site', name: 'Demo.Local', vo: '', access: '' } as const;
    await statuses.set({ ...site, status: 'Probing', reason: 'new', expires: null }, 'test');
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
    await test.database.execute(
      "UPDATE pilots SET status = 'Running', last_contact = NOW(6) WHERE status = 'Submitted'",
    );
    expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
    await test.database.execute("UPDATE pilots SET status = 'Done'");
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
    await statuses.clear(site, 'over', 'test');
  });

  it('notes a pilot that the CE refuses as Aborted with the reason', async () => {
    const director = direct();
    demand = new Map([[place, 6]]);
    ce.room = 2;
    expect(await director.run(test.context())).toMatchObject({ submitted: 2, refused: 1 });
    const refused = (await rows()).filter(({ status }) => status === 'Aborted');
    expect(refused).toEqual([expect.objectContaining({ status_reason: 'Not submitted: full; try later' })]);
  });

  it('finds pilots again whose submission was cut off after the CE took them', async () => {
    const director = direct();
    demand = new Map([[place, 4]]);
    ce.losesReplies = new Error('the process died');
    await expect(director.run(test.context())).rejects.toThrow('the process died');
    expect((await rows()).map(({ reference }) => reference)).toEqual([null, null]);
    ce.losesReplies = null;
    await test.database.execute('UPDATE pilots SET submission_time = NOW(6) - INTERVAL 40 SECOND');
    expect(await director.run(test.context())).toEqual({ settled: 2, submitted: 0, refused: 0 });
    for (const { reference, stamp } of await rows()) expect(reference).toBe(`ref-${String(stamp)}`);
  });

  it('gives up pilots that never reached their CE, and submits others', async () => {
    const director = direct();
    demand = new Map([[place, 2]]);
    const lost = await aPilot({ submitted: false, age: 31 });
    expect(await director.run(test.context())).toEqual({ settled: 1, submitted: 1, refused: 0 });
    const [first, second] = await rows();
    expect(first).toMatchObject({ stamp: lost, status: 'Aborted', status_reason: 'It never reached its CE' });
    expect(second?.['stamp']).not.toBe(lost);
  });

  it('leaves a submission alone that another run may still be at', async () => {
    const director = direct();
    demand = new Map([[place, 2]]);
    await aPilot({ submitted: false, age: 5 });
    expect(await director.run(test.context())).toMatchObject({ settled: 0, submitted: 0 });
  });

  it('opens the circuit of a queue after three failures, keeps it over a restart, probes and closes it', async () => {
    demand = new Map([[place, 4]]);
    let director = direct();
    ce.failure = unreachable;
    for (let run = 0; run < 3; run += 1) await director.run(test.context());
    expect(await circuit()).toEqual({ circuit: 'open', failures: 3, reason: `unreachable: ${unreachable.message}` });

    director = direct();
    expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
    await test.database.execute('UPDATE queue_states SET retry_at = NOW(6)');
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
    expect(await circuit()).toMatchObject({ circuit: 'closed', failures: 0 });
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
  });

  it('opens the circuit again when the probe fails too', async () => {
    demand = new Map([[place, 4]]);
    const director = direct();
    ce.failure = unreachable;
    for (let run = 0; run < 3; run += 1) await director.run(test.context());
    await test.database.execute('UPDATE queue_states SET retry_at = NOW(6)');
    await director.run(test.context());
    expect(await circuit()).toMatchObject({ circuit: 'open', failures: 4 });
  });

  it('opens the circuit when more than half of the pilots are lost without contact, until one contacts the server', async () => {
    demand = new Map([[place, 20]]);
    const director = direct();
    for (let count = 0; count < 3; count += 1) await aPilot({ status: 'Aborted' });
    expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
    expect((await circuit())?.['reason']).toBe('Pilots lost: 3 of 3 ended without contacting the server');
    await test.database.execute('UPDATE queue_states SET retry_at = NOW(6)');
    expect(await director.run(test.context())).toMatchObject({ submitted: 1 });
    expect(await director.run(test.context())).toMatchObject({ submitted: 0 });
    expect(await circuit()).toMatchObject({ circuit: 'half-open' });
    await test.database.execute(
      "UPDATE pilots SET status = 'Running', last_contact = NOW(6) WHERE status = 'Submitted'",
    );
    expect((await director.run(test.context()))['submitted']).toBeGreaterThan(1);
    expect(await circuit()).toMatchObject({ circuit: 'closed' });
  });

  it('does not open a circuit because a CE is full', async () => {
    demand = new Map([[place, 4]]);
    const director = direct();
    ce.failure = new ComputingElementError('capacity', 'full');
    for (let run = 0; run < 4; run += 1) await director.run(test.context());
    expect(await circuit()).toBeUndefined();
  });
});
