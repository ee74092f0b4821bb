import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attemptOutcomes, failureClasses, heldStates, jobStates } from '../../../../src/contract/index.js';
import { moveAfter } from '../../../../src/wms/execution/after-attempt.js';
import { type JobRow, refuse } from '../../../../src/wms/jobs/move.js';

const now = '2026-11-23 20:00:00.000000';
const limits = { maxRescheduling: 2, maxInfrastructureFailures: 3 };
const row = (more: Partial<JobRow> = {}): JobRow => ({
  job_id: 1,
  vo: 'lhcb',
  owner: 'o',
  owner_group: 'g',
  owner_subject: 's',
  status: 'Running',
  minor_status: '',
  application_status: '',
  attempt: 2,
  task_queue_id: 7,
  waiting_in: null,
  payload_retries: 0,
  site: 'S',
  job_group: '0',
  job_type: 'User',
  user_priority: 1,
  reschedule_counter: 0,
  infrastructure_failures: 0,
  reschedule_time: null,
  start_exec_time: null,
  end_exec_time: null,
  heart_beat_time: null,
  lease_attempt: 2,
  lease_stamp: 'p',
  lease_limited: 0,
  lease_sequence: 0,
  ...more,
});
const after = (job: JobRow, end: Partial<Parameters<typeof moveAfter>[1]>) =>
  moveAfter(job, { outcome: 'failed', minor: 'why', ...end }, { limits, now });

describe('what becomes of a job after its attempt', () => {
  it('follows who must act on the failure', () => {
    expect(after(row(), { outcome: 'done' }).to).toBe('Done');
    expect(after(row(), { failureClass: 'payload' }).to).toBe('Failed');
    expect(after(row(), {}).to).toBe('Failed');
    expect(after(row(), { failureClass: 'limit' })).toMatchObject({ to: 'Failed', minor: 'why' });
    for (const failureClass of ['input', 'output', 'infrastructure'] as const) {
      const change = after(row(), { failureClass });
      expect(change).toMatchObject({ to: 'Waiting', through: [{ status: 'Rescheduled', minor: 'why' }] });
      expect(change.set).toMatchObject({ infrastructure_failures: 1, reschedule_time: now });
      expect(change.set).not.toHaveProperty('reschedule_counter');
    }
    expect(after(row(), { outcome: 'killed' }).to).toBe('Killed');
    expect(after(row(), { outcome: 'reschedule' }).set).toMatchObject({ reschedule_counter: 1 });
    expect(after(row(), { outcome: 'lost' }).endsAttempt).toMatchObject({ failureClass: 'infrastructure' });
  });

  it('runs out of retries by class', () => {
    const worn = row({ reschedule_counter: 2, infrastructure_failures: 3, payload_retries: 9 });
    expect(after(worn, { failureClass: 'payload' })).toMatchObject({ to: 'Failed', minor: 'why' });
    const exhausted = { to: 'Failed', minor: 'Maximum of reschedulings reached' };
    expect(after(worn, { outcome: 'reschedule' })).toMatchObject(exhausted);
    expect(after(worn, { failureClass: 'infrastructure' })).toMatchObject(exhausted);
    expect(after(worn, { failureClass: 'input' })).toMatchObject({ to: 'Failed', minor: 'why' });
  });

  it('is always a move that the state machine allows, and none for a job that is not held', () => {
    const end = fc.record({
      outcome: fc.constantFrom(...attemptOutcomes, 'lost' as const),
      failureClass: fc.option(fc.constantFrom(...failureClasses), { nil: undefined }),
    });
    const counts = fc.tuple(fc.nat(4), fc.nat(4), fc.nat(4), fc.boolean());
    fc.assert(
      fc.property(
        fc.constantFrom(...jobStates),
        end,
        counts,
        (status, { outcome, failureClass }, [a, b, c, current]) => {
          const job = row({
            status,
            reschedule_counter: a,
            infrastructure_failures: b,
            payload_retries: c,
            attempt: current ? 2 : 3,
          });
          const change = after(job, { outcome, ...(failureClass === undefined ? {} : { failureClass }) });
          expect(change.endsAttempt?.outcome).toBe(outcome);
          if (!heldStates.includes(status) || !current) expect(change.to).toBeUndefined();
          expect(refuse(job, { jobId: 1, attempt: 2, source: 'test', ...change })).toBeNull();
        },
      ),
    );
  });
});
