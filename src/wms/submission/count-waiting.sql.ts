import type { JobStatus } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';

const waiting: JobStatus[] = ['Received', 'Checking', 'Waiting'];

/**
 * How many jobs of an owner wait: the counters and the changes that are not folded into them yet. One statement, hence one
 * moment of the database. Reads the few counters of the owner and all unfolded changes, but no job.
 */
export async function countWaiting(database: Queryable, vo: string, subject: string): Promise<number> {
  const [row] = await database.query<{ jobs: number }>(
    `SELECT COALESCE(SUM(jobs), 0) AS jobs FROM (
       SELECT jobs FROM job_counts
       WHERE grain = 'owner' AND vo = ? AND owner_subject = ? AND status IN (?)
       UNION ALL
       SELECT jobs FROM job_count_deltas WHERE vo = ? AND owner_subject = ? AND status IN (?)
     ) AS counted`,
    [vo, subject, waiting, vo, subject, waiting],
  );
  return Number(row?.jobs ?? 0);
}
