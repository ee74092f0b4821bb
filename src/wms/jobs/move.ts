import { type AttemptOutcome, type FailureClass, heldStates, type JobStatus, mayMove } from '../../contract/index.js';

/** A wish to change the state of one job. What is not given stays. */
export interface Move {
  jobId: number;
  to?: JobStatus;
  /** States recorded in the history on the way to `to`, each with its minor state. */
  through?: { status: JobStatus; minor: string }[];
  minor?: string;
  application?: string;
  /** Who asks, at most 40 characters: `Pilot`, `User: jdoe`, `LeaseSweeper` … */
  source: string;
  /** When it happened, as the database writes times; now when absent. */
  at?: string;
  /** Compare-and-set: only from one of these states. */
  from?: readonly JobStatus[];
  /** Fencing: only while this attempt holds the job's lease. */
  attempt?: number;
  /** Skip the state machine (administrators, reschedule). */
  force?: boolean;
  /** The live attempt has ended: its lease goes, and what waited for it may be claimed. */
  endsAttempt?: { outcome: AttemptOutcome | 'lost'; failureClass?: FailureClass; exitCode?: number };
  /** Other columns of the row that change with the state. */
  set?: Partial<JobFacts>;
}

/** Columns that belong to a state change. */
export interface JobFacts {
  site: string;
  reschedule_counter: number;
  infrastructure_failures: number;
  reschedule_time: string | null;
  start_exec_time: string | null;
  end_exec_time: string | null;
  heart_beat_time: string | null;
  user_priority: number;
}

/** What {@link decide} needs to know of a job. */
export interface JobRow extends JobFacts {
  job_id: number;
  vo: string;
  owner: string;
  owner_group: string;
  owner_subject: string;
  job_group: string;
  job_type: string;
  status: JobStatus;
  minor_status: string;
  application_status: string;
  attempt: number;
  task_queue_id: number | null;
  waiting_in: number | null;
  payload_retries: number;
  /** The attempt that holds the lease, and its pilot; null when nothing can be executing. */
  lease_attempt: number | null;
  lease_stamp: string | null;
  /** The last report of that attempt. */
  lease_sequence: number | null;
  /** Whether it may have slots of limits to give back (0 or 1). */
  lease_limited: number | null;
}

export type Refused = 'unknown' | 'stale-attempt' | 'not-held' | 'wrong-state' | 'transition';

/** What became of a {@link Move}. `status` is the state that the job has now. */
export type Moved =
  | { changed: true; status: JobStatus; row: JobRow }
  | { changed: false; refused: Refused; status: JobStatus | null; row: JobRow | null };

/** A line of the history. */
export interface HistoryEntry {
  status: JobStatus;
  minor: string;
  application: string;
  source: string;
  at: string | null;
}

/** A time that the database fills in when it runs the statement. */
export interface StatementTime {
  toSqlString(): string;
}

/** The row after a move, and the history lines that it leaves. */
export interface Decision {
  columns: Partial<Omit<JobFacts, 'start_exec_time' | 'end_exec_time'>> &
    Partial<Record<'start_exec_time' | 'end_exec_time', string | StatementTime | null>> &
    Partial<Pick<JobRow, 'status' | 'minor_status' | 'application_status' | 'waiting_in'>>;
  history: HistoryEntry[];
  /** The lease is to be removed. */
  release: boolean;
  /** The job becomes claimable by this move. */
  claimable: boolean;
}

/** Why a move may not happen, or null. Pure. */
export function refuse(row: JobRow, move: Move): Refused | null {
  if (move.attempt !== undefined) {
    if (row.lease_attempt !== move.attempt) return 'stale-attempt';
    // Killed, rescheduled or deleted behind the wrapper's back: it may end its attempt, not speak for the job.
    const held = heldStates.includes(row.status) && row.attempt === move.attempt;
    const speaks = move.to !== undefined || move.minor !== undefined || move.application !== undefined;
    if (!held && speaks) return 'not-held';
  }
  if (move.from !== undefined && !move.from.includes(row.status)) return 'wrong-state';
  if (move.to === undefined || move.to === row.status || move.force === true) return null;
  return mayMove(row.status, move.through?.[0]?.status ?? move.to) ? null : 'transition';
}

const executed: readonly JobStatus[] = ['Done', 'Completed', 'Failed', 'Killed'];

/** What a permitted move does to the row. `now` is the database's time. Pure. */
export function decide(row: JobRow, move: Move, now: string | StatementTime): Decision {
  const status = move.to ?? row.status;
  const minor = move.minor ?? row.minor_status;
  const application = (move.application ?? row.application_status).slice(0, 255);
  const at = move.at ?? null;
  const columns: Decision['columns'] = { ...move.set };
  if (status !== row.status) columns.status = status;
  if (minor !== row.minor_status) columns.minor_status = minor.slice(0, 128);
  if (application !== row.application_status) columns.application_status = application;
  if (status === 'Running' && row.start_exec_time === null) columns.start_exec_time = at ?? now;
  if (executed.includes(status) && row.end_exec_time === null && columns.end_exec_time === undefined) {
    columns.end_exec_time = at ?? now;
  }
  const release = move.endsAttempt !== undefined && row.lease_attempt !== null;
  const held = row.lease_attempt !== null && !release;
  const waitingIn = status === 'Waiting' && !held ? row.task_queue_id : null;
  if (waitingIn !== row.waiting_in) columns.waiting_in = waitingIn;
  const history = (move.through ?? []).map((step) => ({
    status: step.status,
    minor: step.minor,
    application,
    source: move.source,
    at,
  }));
  const says = move.to !== undefined || move.minor !== undefined || move.application !== undefined;
  if (says) history.push({ status, minor, application, source: move.source, at });
  return { columns, history, release, claimable: waitingIn !== null && row.waiting_in === null };
}
