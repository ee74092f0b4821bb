import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { UserPrincipal } from '../../../src/auth/index.js';
import {
  attemptOutcomes,
  finalStates,
  jobStates,
  type JobStatus,
  mayMove,
  Refusal,
} from '../../../src/contract/index.js';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import { ForeignHeartbeats } from '../../../src/wms/jobs/foreign-heartbeats.js';
import { Metadata } from '../../../src/wms/jobs/metadata.js';
import { Rescheduling } from '../../../src/wms/jobs/rescheduling.js';
import { StatusUpdates } from '../../../src/wms/jobs/status-updates.js';
import { Termination } from '../../../src/wms/jobs/termination.js';
import { holderOf, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { tries } from '../../support/properties.js';
import { jdoe } from '../../support/stages.js';

const owner: UserPrincipal = { kind: 'user', properties: ['NormalUser'], ...jdoe };
const administrator: UserPrincipal = { ...owner, subject: 'lhcb:root', properties: ['JobAdministrator'] };

let wms: MatchingTest;
let server: Matcher;
let stamp: string;
let actors: ReturnType<typeof routesOf>;
beforeAll(async () => {
  wms = await startMatching({ vos: { lhcb: { jobs: { max_rescheduling: 5 } } } });
  server = wms.server();
  stamp = await wms.pilot();
  actors = routesOf(wms);
});
afterAll(() => wms.close());

function routesOf({ admission, jobs, configuration }: MatchingTest) {
  return {
    termination: new Termination(admission, jobs, configuration),
    rescheduling: new Rescheduling(admission, jobs, configuration),
    updates: new StatusUpdates(admission, jobs),
    heartbeats: new ForeignHeartbeats(admission, jobs),
    metadata: new Metadata(admission, jobs),
  };
}

/** What is known of the job from outside: the attempts that were handed out. Everything else is asked of the database. */
interface Model {
  claimed: ClaimedAttempt[];
}
interface Real {
  jobId: number;
}

interface Seen {
  status: JobStatus;
  minor_status: string;
  application_status: string;
  attempt: number;
  waiting_in: number | null;
  task_queue_id: number;
}
const see = async (jobId: number): Promise<Seen> => (await wms.job(jobId)) as unknown as Seen;

/** By the state machine: in one step, or by way of Killed or Rescheduled; what has ended stays so, but for its own steps. */
function mayBecome(from: JobStatus, to: JobStatus): boolean {
  if (from === to || mayMove(from, to)) return true;
  const ways = ['Killed', 'Rescheduled'] as const;
  return !finalStates.includes(from) && ways.some((way) => mayMove(from, way) && mayMove(way, to));
}

/** One thing that somebody does to the job; whatever they wish, the invariants hold afterwards. */
class Deed implements fc.AsyncCommand<Model, Real> {
  constructor(
    private readonly name: string,
    /** Whether the state machine binds the actor: force and reschedule are beyond it. */
    private readonly isBound: boolean,
    private readonly act: (model: Model, jobId: number) => Promise<unknown>,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, { jobId }: Real): Promise<void> {
    const before = await see(jobId);
    const refusal = await this.act(model, jobId).then(
      () => null,
      (error: unknown) => error,
    );
    if (refusal !== null && !(refusal instanceof Refusal)) throw refusal;
    const after = await see(jobId);
    const course = `${before.status} → ${after.status}`;
    if (this.isBound)
      expect({ course, isAllowed: mayBecome(before.status, after.status) }).toMatchObject({ isAllowed: true });
    expect(after.attempt).toBeGreaterThanOrEqual(before.attempt);
    await this.checkRow(jobId, after);
  }

  private async checkRow(jobId: number, row: Seen): Promise<void> {
    const leases = await wms.database.query<{ attempt: number }>('SELECT attempt FROM leases WHERE job_id = ?', [
      jobId,
    ]);
    const open = await wms.database.query<{ attempt: number }>(
      'SELECT attempt FROM attempts WHERE job_id = ? AND ended_at IS NULL',
      [jobId],
    );
    expect(open).toEqual(leases);
    expect(leases.length).toBeLessThanOrEqual(1);
    for (const { attempt } of leases) expect(attempt).toBe(row.attempt);
    const isClaimable = row.status === 'Waiting' && leases.length === 0;
    expect(row.waiting_in).toBe(isClaimable ? row.task_queue_id : null);
    const [last] = await wms.database.query(
      `SELECT status, minor_status, application_status, attempt FROM job_history WHERE job_id = ?
       ORDER BY status_time DESC, entry_id DESC LIMIT 1`,
      [jobId],
    );
    const { status, minor_status, application_status, attempt } = row;
    expect(last).toMatchObject({ status, minor_status, application_status });
    expect((last as { attempt: number }).attempt).toBeLessThanOrEqual(attempt);
  }

  toString(): string {
    return this.name;
  }
}

const status = fc.constantFrom(...jobStates);
const words = fc.string({ maxLength: 12 });
/** Seconds from now at which a client says that something happened. */
const offset = fc.integer({ min: -5, max: 5 });
const at = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();

/** The attempt that an old or a new wrapper speaks for; null when none was ever handed out. */
const pick = fc.nat({ max: 9 });
function wrapper({ claimed }: Model, chosen: number) {
  const attempt = claimed[chosen % Math.max(1, claimed.length)];
  return attempt === undefined ? null : holderOf(attempt);
}

const deeds = [
  fc.constant(
    new Deed('claim', true, async (model) => {
      model.claimed.push(...(await server.claim(stamp)));
    }),
  ),
  fc.tuple(pick, fc.constantFrom('Running', 'Completing'), words, fc.nat({ max: 20 })).map(
    ([chosen, to, application_status, sequence]) =>
      new Deed(`attempt ${chosen} reports ${to}`, true, async (model) => {
        const holder = wrapper(model, chosen);
        const report = { sequence: sequence + 1, status: to as JobStatus, application_status, parameters: {} };
        if (holder !== null) await server.reports.take(holder, report);
      }),
  ),
  fc.tuple(pick, fc.constantFrom(...attemptOutcomes), fc.constantFrom('payload', 'infrastructure')).map(
    ([chosen, outcome, failure]) =>
      new Deed(`attempt ${chosen} ends as ${outcome}`, true, async (model) => {
        const holder = wrapper(model, chosen);
        const failure_class = outcome === 'failed' ? { failure_class: failure as 'payload' } : {};
        const end = { outcome, minor_status: 'ended', parameters: {}, ...failure_class };
        if (holder !== null) await server.ends.take(holder, end);
      }),
  ),
  fc.tuple(status, offset, words, fc.boolean(), fc.boolean()).map(
    ([to, seconds, minor, force, naming]) =>
      new Deed(
        `${force ? 'the administrator forces' : 'the owner says'} ${to} ${seconds} s from now`,
        !force,
        (_, id) => {
          const update = { Source: 'test', MinorStatus: minor, ...(naming ? { Status: to } : {}) };
          return actors.updates.apply(force ? administrator : owner, { [id]: { [at(seconds)]: update } }, force);
        },
      ),
  ),
  fc.tuple(status, status).map(
    ([one, two]) =>
      new Deed(`the owner says ${one}, then ${two}`, false, (_, id) => {
        const entry = (Status: JobStatus) => ({ Source: 'JobWrapper', Status });
        return actors.updates.apply(owner, { [id]: { [at(-1)]: entry(one), [at(0)]: entry(two) } }, false);
      }),
  ),
  fc.constant(new Deed('kill', true, (_, id) => actors.termination.kill(owner, [id]))),
  fc.constant(new Deed('delete', true, (_, id) => actors.termination.delete(owner, [id]))),
  fc
    .boolean()
    .map((reset) => new Deed('reschedule', false, (_, id) => actors.rescheduling.reschedule(owner, [id], reset))),
  fc.constant(
    new Deed('a foreign heartbeat', true, (_, id) => actors.heartbeats.record(owner, { [id]: { Vsize: 1 } })),
  ),
  words.map(
    (text) => new Deed('metadata', true, (_, id) => actors.metadata.set(owner, { [id]: { MinorStatus: text } })),
  ),
  fc.constant(
    new Deed('the lease expires and is swept', true, async (_, id) => {
      await wms.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 1 DAY WHERE job_id = ?', [id]);
      await server.leases.expire(100);
    }),
  ),
];

describe('the state of a job', () => {
  it('keeps what it promises, whoever does what in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.commands(deeds, { maxCommands: 25 }), async (commands) => {
        const [jobId = 0] = await wms.submit();
        // As a submission does, so that the history tells the first state.
        await wms.jobs.change((tx, effects) =>
          wms.jobs.move(tx, effects, [
            { jobId, minor: 'Pilot Agent Submission', application: 'Unknown', source: 'test' },
          ]),
        );
        await fc.asyncModelRun(() => ({ model: { claimed: [] }, real: { jobId } }), commands);
        await wms.database.execute('UPDATE jobs SET waiting_in = NULL WHERE job_id = ?', [jobId]);
        await wms.database.execute('DELETE FROM leases WHERE job_id = ?', [jobId]);
      }),
      tries(40),
    );
  }, 120_000);
});
