import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jobStates, type JobStatus, mayMove } from '../../../src/contract/index.js';
import type { Move } from '../../../src/wms/jobs/move.js';
import { holdJob } from '../../support/held-job.js';
import { jdoe, type Stages, startStages } from '../../support/stages.js';

let stages: Stages;
beforeAll(async () => {
  stages = await startStages();
});
afterAll(() => stages.close());

/** One thing that may happen to a job. */
type Happening = { kind: 'move'; to: JobStatus; force: boolean; end: boolean } | { kind: 'claim' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('move' as const),
      to: fc.constantFrom(...jobStates),
      force: fc.boolean(),
      end: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'claim' as const }) },
);

interface State {
  status: JobStatus;
  minor_status: string;
  waiting_in: number | null;
  task_queue_id: number;
  lease: number | null;
  told: JobStatus;
}

async function stateOf(jobId: number): Promise<State> {
  const [state] = await stages.database.query<State>(
    `SELECT j.status, j.minor_status, j.waiting_in, j.task_queue_id, l.attempt AS lease,
       (SELECT h.status FROM job_history h WHERE h.job_id = j.job_id ORDER BY h.entry_id DESC LIMIT 1) AS told
     FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id WHERE j.job_id = ?`,
    [jobId],
  );
  if (state === undefined) throw new Error(`There is no job ${jobId}`);
  return state;
}

async function happen(jobId: number, thing: Happening): Promise<void> {
  const before = await stateOf(jobId);
  if (thing.kind === 'claim') {
    if (before.waiting_in !== null) await holdJob(stages, jobId);
    return;
  }
  const { to, force, end } = thing;
  const move: Move = { jobId, to, force, source: 'Test', ...(end ? { endsAttempt: { outcome: 'lost' } } : {}) };
  const moved = await stages.jobs.change((tx, effects) => stages.jobs.move(tx, effects, [move]));
  const after = await stateOf(jobId);
  const allowed = force || before.status === to || mayMove(before.status, to);
  expect(moved.get(jobId)?.changed).toBe(allowed);
  expect(after.status).toBe(allowed ? to : before.status);
  if (!allowed) expect(after).toEqual(before);
}

describe('the state of a job', () => {
  it('keeps its promises whatever happens to the job', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 1, maxLength: 15 }), async (course) => {
        const [accepted] = await stages.submission.submitJsons(jdoe, [{ executable: 'x' }]);
        const jobId = accepted?.JobID ?? 0;
        for (const thing of course) {
          await happen(jobId, thing);
          const state = await stateOf(jobId);
          // Claimable exactly while it waits and nothing may still be executing.
          const claimable = state.status === 'Waiting' && state.lease === null;
          expect(state.waiting_in).toBe(claimable ? state.task_queue_id : null);
          expect(state.told).toBe(state.status);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is changed once when many want the same move at once', async () => {
    const [accepted] = await stages.submission.submitJsons(jdoe, [{ executable: 'x' }]);
    const jobId = accepted?.JobID ?? 0;
    const move: Move = { jobId, to: 'Killed', from: ['Waiting'], source: 'Test' };
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => stages.jobs.change((tx, effects) => stages.jobs.move(tx, effects, [move]))),
    );
    expect(outcomes.filter((moved) => moved.get(jobId)?.changed === true)).toHaveLength(1);
  });
});
