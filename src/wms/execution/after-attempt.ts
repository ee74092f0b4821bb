import { type AttemptOutcome, type FailureClass, heldStates, type JobStatus, minor } from '../../contract/index.js';
import type { JobRow, Move } from '../jobs/move.js';
import type { RetryLimits } from './retry-limits.js';

/** How an attempt ended: as its wrapper said, or `lost` when nobody can say any more. */
export interface AttemptEnd {
  outcome: AttemptOutcome | 'lost';
  failureClass?: FailureClass;
  exitCode?: number;
  minor: string;
  application?: string;
}

/**
 * What becomes of a job when its attempt has ended: the retry policy. Charged to the user are failures of the payload and
 * its limits (as often as the description allows) and what the payload asks for itself; never charged is what the
 * infrastructure did. Of a job that somebody has killed or rescheduled meanwhile only the attempt ends. Pure; `now` is
 * the database's time.
 */
export function moveAfter(
  row: JobRow,
  end: AttemptEnd,
  { limits, now }: { limits: RetryLimits; now: string },
): JobChange {
  const failureClass = classOf(end);
  const endsAttempt = { outcome: end.outcome, failureClass, exitCode: end.exitCode };
  const held = heldStates.includes(row.status) && row.attempt === row.lease_attempt;
  if (!held) return { endsAttempt };
  const said = { minor: end.minor, ...(end.application === undefined ? {} : { application: end.application }) };
  if (failureClass === undefined) {
    // The report that it ran may have been lost; the history shall not jump.
    const through = row.status === 'Matched' ? [{ status: 'Running' as const, minor: minor.application }] : [];
    return { to: 'Done', through, ...said, endsAttempt };
  }
  if (failureClass === 'killed') return { to: 'Killed', ...said, endsAttempt };
  const retry = retryOf(row, failureClass, limits);
  if (retry === 'final') return { to: 'Failed', ...said, endsAttempt };
  if (retry === 'exhausted') return { to: 'Failed', ...said, minor: minor.maximumReschedulings, endsAttempt };
  return { ...again(row, end.minor, { charged: retry === 'charged', now }), endsAttempt };
}

/** A move of {@link Jobs.move} without the job and who asks. */
export type JobChange = Pick<Move, 'to' | 'through' | 'minor' | 'application' | 'endsAttempt' | 'set'>;

/** Undefined when all went well. */
function classOf({ outcome, failureClass }: AttemptEnd): FailureClass | undefined {
  if (outcome === 'done') return undefined;
  if (outcome === 'killed') return 'killed';
  if (outcome === 'reschedule') return failureClass === 'infrastructure' ? failureClass : 'reschedule';
  return failureClass ?? (outcome === 'lost' ? 'infrastructure' : 'payload');
}

/** `final`: no retry was wanted; `exhausted`: none is left. */
function retryOf(
  row: JobRow,
  failureClass: FailureClass,
  { maxRescheduling, maxInfrastructureFailures }: RetryLimits,
): 'charged' | 'free' | 'final' | 'exhausted' {
  switch (failureClass) {
    case 'payload':
    case 'limit':
      return row.reschedule_counter < Math.min(row.payload_retries, maxRescheduling) ? 'charged' : 'final';
    case 'reschedule':
      return row.reschedule_counter < maxRescheduling ? 'charged' : 'exhausted';
    case 'input':
    case 'output':
      // Not charged, but not twenty times either: often it is the sandbox itself.
      return row.infrastructure_failures < Math.min(maxRescheduling, maxInfrastructureFailures) ? 'free' : 'final';
    case 'infrastructure':
      return row.infrastructure_failures < maxInfrastructureFailures ? 'free' : 'exhausted';
    case 'killed':
      return 'final';
  }
}

/** Rescheduled, with the reason as a line of the history, and Waiting: one move. */
function again(row: JobRow, reason: string, { charged, now }: { charged: boolean; now: string }): JobChange {
  const rescheduled: JobStatus = 'Rescheduled';
  return {
    to: 'Waiting',
    through: [{ status: rescheduled, minor: reason }],
    minor: minor.waiting,
    application: 'Unknown',
    set: {
      site: 'ANY',
      reschedule_time: now,
      start_exec_time: null,
      end_exec_time: null,
      ...(charged
        ? { reschedule_counter: row.reschedule_counter + 1 }
        : { infrastructure_failures: row.infrastructure_failures + 1 }),
    },
  };
}
