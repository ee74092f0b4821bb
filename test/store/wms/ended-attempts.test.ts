import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Move } from '../../../src/wms/jobs/move.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';

describe('attempts that end together', () => {
  let wms: MatchingTest;
  beforeAll(async () => {
    wms = await startMatching();
  });
  afterAll(() => wms.close());

  const through = [{ status: 'Running' as const, minor: 'test' }];
  const end = (moves: readonly Pick<Move, 'jobId' | 'endsAttempt' | 'to' | 'through'>[]) =>
    wms.jobs.change((tx, effects) =>
      wms.jobs.move(
        tx,
        effects,
        moves.map((move) => ({ ...move, source: 'test', attempt: 1 })),
      ),
    );
  const rowsOf = (ids: readonly number[]) =>
    wms.database.query(
      `SELECT a.job_id, a.outcome, a.failure_class, a.exit_code, a.ended_at IS NULL AS live, l.attempt AS lease
       FROM attempts a LEFT JOIN leases l USING (job_id) WHERE a.job_id IN (?) ORDER BY a.job_id`,
      [ids],
    );

  it('keep each its own outcome, lose their leases and commands, and leave others alone', async () => {
    const ids = await wms.submit({}, { count: 4 });
    const [done = 0, failed = 0, lost = 0, alive = 0] = ids;
    const server = wms.server();
    const stamp = await wms.pilot();
    expect(await server.claim(stamp, { maxJobs: 4, offer: { processors: 4 } })).toHaveLength(4);
    await wms.jobs.change(async (tx, effects) =>
      wms.jobs.commandKill(tx, effects, [...(await wms.jobs.lock(tx, ids)).values()]),
    );
    await end([
      { jobId: done, to: 'Done', through, endsAttempt: { outcome: 'done', exitCode: 0 } },
      { jobId: failed, to: 'Failed', endsAttempt: { outcome: 'failed', failureClass: 'payload', exitCode: 7 } },
      { jobId: lost, endsAttempt: { outcome: 'lost' } },
    ]);
    expect(await rowsOf(ids)).toEqual([
      { job_id: done, outcome: 'done', failure_class: null, exit_code: 0, live: 0, lease: null },
      { job_id: failed, outcome: 'failed', failure_class: 'payload', exit_code: 7, live: 0, lease: null },
      { job_id: lost, outcome: 'lost', failure_class: null, exit_code: null, live: 0, lease: null },
      { job_id: alive, outcome: null, failure_class: null, exit_code: null, live: 1, lease: 1 },
    ]);
    expect((await server.calls.commands(stamp)).map(({ job_id }) => job_id)).toEqual([alive]);
  });

  it('end once: a single one that has ended stays as it ended', async () => {
    const [jobId = 0] = await wms.submit();
    const server = wms.server();
    expect(await server.claim(await wms.pilot())).toHaveLength(1);
    await end([{ jobId, to: 'Done', through, endsAttempt: { outcome: 'done', exitCode: 0 } }]);
    const before = await rowsOf([jobId]);
    const again = await end([{ jobId, endsAttempt: { outcome: 'lost' } }]);
    expect(again.get(jobId)).toMatchObject({ changed: false, refused: 'stale-attempt' });
    expect(await rowsOf([jobId])).toEqual(before);
  });
});
