import { isDue, type DueJobs } from '../../wms/index.js';
import type { Database, Queryable } from '../../platform/index.js';

const day = 86_400;

/**
 * Which finished jobs of a VO are due when jobs are kept for `days`. Whole days count from the end of the day, so that the
 * jobs of one day fall due together and share their archive.
 */
export async function dueJobs(database: Queryable, vo: string, days: number): Promise<DueJobs> {
  const from = days >= 1 ? 'CAST(CURRENT_DATE AS DATETIME)' : 'NOW(6)';
  const [row] = await database.query<{ before: string }>(
    `SELECT CAST(${from} - INTERVAL ? SECOND AS CHAR) AS \`before\``,
    [Math.round(days * day)],
  );
  if (row === undefined) throw new Error('The database gave no time');
  return { vo, before: row.before };
}

/** All VOs that have jobs, configured or not. */
export async function vosOf(database: Queryable, table: 'jobs' | 'pilots' | 'sandboxes'): Promise<string[]> {
  const rows = await database.query<{ vo: string }>(`SELECT DISTINCT vo FROM ${table}`);
  return rows.map(({ vo }) => vo);
}

/** How many jobs are due, and the oldest moment among them. */
export async function countDue(database: Queryable, due: DueJobs): Promise<{ count: number; oldest: string | null }> {
  const { sql, values } = isDue(due);
  const [row] = await database.query<{ count: number; oldest: string | null }>(
    `SELECT COUNT(*) AS count, MIN(j.last_update_time) AS oldest FROM jobs j WHERE ${sql}`,
    values,
  );
  return row ?? { count: 0, oldest: null };
}

/**
 * Deletes descriptions without a job, older than `days`, that do not say which jobs they had (a program of an earlier
 * version wrote them), at most 5,000. It reads all jobs once, so it is only done after such jobs were deleted.
 */
export async function deleteUnusedDescriptions(database: Database, days: number): Promise<number> {
  const seconds = Math.round(days * day);
  // Found by a statement of its own: a subquery of the deletion would lock every job that it reads. No job that comes
  // later uses an old description.
  const unused = await database.query<{ description_id: number }>(
    `SELECT d.description_id FROM job_descriptions d
     WHERE d.first_job IS NULL AND d.created_at < NOW(6) - INTERVAL ? SECOND
       AND d.description_id NOT IN (SELECT description_id FROM jobs)
     LIMIT 5000`,
    [seconds],
  );
  if (unused.length === 0) return 0;
  const { affectedRows } = await database.execute('DELETE FROM job_descriptions WHERE description_id IN (?)', [
    unused.map(({ description_id }) => description_id),
  ]);
  return affectedRows;
}
