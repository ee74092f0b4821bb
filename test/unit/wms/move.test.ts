import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { jobStates, type JobStatus, nextStates } from '../../../src/contract/index.js';
import { decide, type JobRow, type Move, refuse } from '../../../src/wms/jobs/move.js';

const now = '2026-11-23 06:51:30.000001';

function aJob(over: Partial<JobRow> = {}): JobRow {
  return {
    job_id: 7,
    vo: 'lhcb',
    owner: 'jdoe',
    owner_group: 'lhcb_user',
    owner_subject: 'lhcb:jdoe',
    status: 'Waiting',
    minor_status: 'Pilot Agent Submission',
    application_status: 'Unknown',
    attempt: 0,
    task_queue_id: 3,
    waiting_in: 3,
    payload_retries: 0,
    site: 'ANY',
    job_group: '0',
    job_type: 'User',
    user_priority: 1,
    reschedule_counter: 0,
    infrastructure_failures: 0,
    reschedule_time: null,
    start_exec_time: null,
    end_exec_time: null,
    heart_beat_time: null,
    lease_attempt: null,
    lease_stamp: null,
    lease_limited: null,
    lease_sequence: null,
    ...over,
  };
}

const running = (over: Partial<JobRow> = {}): JobRow =>
  aJob({ status: 'Running', attempt: 2, waiting_in: null, lease_attempt: 2, lease_stamp: 'a'.repeat(32), ...over });

describe('a move of a job', () => {
  it('follows the table of states and nothing else', () => {
    for (const from of jobStates) {
      for (const to of jobStates) {
        const refused = refuse(aJob({ status: from }), { jobId: 7, to, source: 'test' });
        expect(refused).toBe(from === to || nextStates[from].includes(to) ? null : 'transition');
      }
    }
  });

  it('passes the table when it is forced', () => {
    expect(refuse(aJob({ status: 'Killed' }), { jobId: 7, to: 'Running', source: 'test', force: true })).toBeNull();
  });

  it('compares the state that the caller expects', () => {
    const move: Move = { jobId: 7, to: 'Killed', from: ['Waiting'], source: 'test' };
    expect(refuse(running(), move)).toBe('wrong-state');
    expect(refuse(aJob(), move)).toBeNull();
  });

  it('is refused to an attempt whose lease is gone', () => {
    const zombie: Move = { jobId: 7, to: 'Done', attempt: 1, source: 'Pilot' };
    expect(refuse(running(), zombie)).toBe('stale-attempt');
    expect(refuse(aJob(), zombie)).toBe('stale-attempt');
  });

  it('lets a wrapper whose job was killed or rescheduled end its attempt, but not speak for the job', () => {
    for (const status of ['Killed', 'Waiting', 'Deleted'] as JobStatus[]) {
      const row = running({ status });
      expect(refuse(row, { jobId: 7, to: 'Failed', attempt: 2, source: 'Pilot' })).toBe('not-held');
      expect(refuse(row, { jobId: 7, attempt: 2, source: 'Pilot', endsAttempt: { outcome: 'killed' } })).toBeNull();
    }
  });

  it('makes a waiting job claimable only when nobody can be executing it', () => {
    const rescheduled = decide(running(), { jobId: 7, to: 'Waiting', force: true, source: 'User' }, now);
    expect(rescheduled.columns.waiting_in).toBeUndefined();
    expect(rescheduled.claimable).toBe(false);
    const ended = decide(
      running({ status: 'Waiting' }),
      { jobId: 7, source: 'Pilot', endsAttempt: { outcome: 'killed' } },
      now,
    );
    expect(ended.columns.waiting_in).toBe(3);
    expect(ended.claimable).toBe(true);
    expect(ended.release).toBe(true);
  });

  it('records the states on the way and the last one', () => {
    const move: Move = {
      jobId: 7,
      to: 'Waiting',
      through: [{ status: 'Rescheduled', minor: 'pilot lost' }],
      minor: 'again',
      source: 'x',
    };
    const { history } = decide(running(), move, now);
    expect(history.map(({ status, minor }) => [status, minor])).toEqual([
      ['Rescheduled', 'pilot lost'],
      ['Waiting', 'again'],
    ]);
  });

  it('sets the start at the first Running and the end at the first end, once', () => {
    const started = decide(aJob({ status: 'Matched' }), { jobId: 7, to: 'Running', source: 'x' }, now);
    expect(started.columns.start_exec_time).toBe(now);
    const again = decide(
      running({ start_exec_time: 'before' }),
      { jobId: 7, to: 'Running', minor: 'x', source: 'x' },
      now,
    );
    expect(again.columns.start_exec_time).toBeUndefined();
    expect(decide(running(), { jobId: 7, to: 'Failed', source: 'x' }, now).columns.end_exec_time).toBe(now);
  });

  it('never leaves a job claimable unless it waits without a lease', () => {
    const state = fc.constantFrom(...jobStates);
    const row = fc.record({ status: state, lease: fc.boolean(), waiting: fc.boolean() });
    const wish = fc.record({ to: fc.option(state, { nil: undefined }), ends: fc.boolean() });
    fc.assert(
      fc.property(row, wish, ({ status, lease, waiting }, { to, ends }) => {
        const job = aJob({
          status,
          lease_attempt: lease ? 1 : null,
          waiting_in: waiting && status === 'Waiting' && !lease ? 3 : null,
        });
        const move: Move = { jobId: 7, source: 'x', force: true, ...(to === undefined ? {} : { to }) };
        const { columns } = decide(job, ends ? { ...move, endsAttempt: { outcome: 'lost' } } : move, now);
        const after = { status: columns.status ?? status, lease: lease && !ends };
        const waitingIn = columns.waiting_in === undefined ? job.waiting_in : columns.waiting_in;
        expect(waitingIn !== null).toBe(after.status === 'Waiting' && !after.lease);
      }),
    );
  });
});
