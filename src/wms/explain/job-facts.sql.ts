import type { JobStatus } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';

/** A job as its explanation needs it. Times as the database writes them. */
export interface JobFacts {
  job_id: number;
  vo: string;
  owner_subject: string;
  status: JobStatus;
  minor_status: string;
  user_priority: number;
  task_queue_id: number | null;
  waiting_in: number | null;
  submission_time: string;
  start_exec_time: string | null;
  end_exec_time: string | null;
  last_update_time: string;
  /** The attempt that may be executing, its pilot, and the seconds until its lease ends; null when there is none. */
  lease_attempt: number | null;
  lease_pilot: string | null;
  lease_left: number | null;
}

/** The latest attempt of a job. */
export interface AttemptFacts {
  attempt: number;
  claimed_at: string;
  pilot_stamp: string;
  site: string;
  ce: string;
  host: string | null;
  configuration_version: number;
  outcome: string | null;
  failure_class: string | null;
  exit_code: number | null;
  task_queue_id: number | null;
  turn_vo: number | null;
  turn_group: number | null;
  turn_owner: number | null;
}

/** A job within a condition on `jobs j`. */
export async function readJobFacts(
  database: Queryable,
  jobId: number,
  within: { sql: string; values: unknown[] },
): Promise<JobFacts | undefined> {
  const [row] = await database.query<JobFacts>(
    `SELECT j.job_id, j.vo, j.owner_subject, j.status, j.minor_status, j.user_priority, j.task_queue_id, j.waiting_in,
       j.submission_time, j.start_exec_time, j.end_exec_time, j.last_update_time,
       l.attempt AS lease_attempt, l.pilot_stamp AS lease_pilot, TIMESTAMPDIFF(SECOND, NOW(6), l.expires_at) AS lease_left
     FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id WHERE j.job_id = ? AND ${within.sql}`,
    [jobId, ...within.values],
  );
  return row;
}

export async function readLatestAttempt(database: Queryable, jobId: number): Promise<AttemptFacts | undefined> {
  const [row] = await database.query<AttemptFacts>(
    `SELECT attempt, claimed_at, pilot_stamp, site, ce, host, configuration_version, outcome, failure_class, exit_code,
       task_queue_id, turn_vo, turn_group, turn_owner
     FROM attempts WHERE job_id = ? ORDER BY attempt DESC, claimed_at DESC LIMIT 1`,
    [jobId],
  );
  return row;
}

/** Counting stops here: beyond, the exact number tells nobody more, and the count would take long. */
export const mostCounted = 100_000;
/** Task queues whose jobs are counted one entity's statement at most. */
export const mostQueues = 500;

/** How many claimable jobs of these task queues go before one, at most {@link mostCounted} + 1: a walk of index `claimable`. */
export async function countBefore(
  database: Queryable,
  queues: readonly number[],
  { priority, job }: { priority: number; job: number },
): Promise<number> {
  if (queues.length === 0) return 0;
  const [row] = await database.query<{ jobs: number }>(
    `SELECT COUNT(*) AS jobs FROM (
       SELECT 1 FROM jobs FORCE INDEX (claimable)
       WHERE waiting_in IN (?) AND (user_priority > ? OR (user_priority = ? AND job_id < ?)) LIMIT ?) AS before_it`,
    [queues, priority, priority, job, mostCounted + 1],
  );
  return Number(row?.jobs ?? 0);
}

/** The claimable jobs of a task queue, counted up to {@link mostCounted} + 1, and the one that is claimed next. */
export async function readQueueFacts(
  database: Queryable,
  queue: number,
): Promise<{ jobs: number; head: { priority: number; job: number } | null }> {
  const [count] = await database.query<{ jobs: number }>(
    `SELECT COUNT(*) AS jobs FROM (SELECT 1 FROM jobs FORCE INDEX (claimable) WHERE waiting_in = ? LIMIT ?) AS waiting`,
    [queue, mostCounted + 1],
  );
  const [head] = await database.query<{ priority: number; job: number }>(
    `SELECT user_priority AS priority, job_id AS job FROM jobs FORCE INDEX (claimable)
     WHERE waiting_in = ? ORDER BY user_priority DESC, job_id LIMIT 1`,
    [queue],
  );
  return { jobs: Number(count?.jobs ?? 0), head: head ?? null };
}
