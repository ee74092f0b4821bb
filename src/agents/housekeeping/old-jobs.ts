import { finalStates } from '../../contract/index.js';
import type { Database } from '../../platform/index.js';
import { countOut } from '../../wms/index.js';

const batch = 500;

/**
 * Deletes jobs of a VO that have been in a final state for `days`, with all their rows but the history and the attempts,
 * whose partitions go by age. A job that still holds a lease stays. Returns how many went; repeat until it is 0.
 */
export async function deleteOldJobs(database: Database, vo: string, days: number): Promise<number> {
  return database.transaction(async (tx) => {
    const rows = await tx.query<{ job_id: number }>(
      `SELECT job_id FROM jobs WHERE vo = ? AND last_update_time < NOW(6) - INTERVAL ? SECOND AND status IN (?)
         AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.job_id = jobs.job_id)
       ORDER BY last_update_time LIMIT ? FOR UPDATE SKIP LOCKED`,
      [vo, Math.round(days * 86_400), finalStates, batch],
    );
    const ids = rows.map((row) => row.job_id);
    if (ids.length === 0) return 0;
    await countOut(tx, ids);
    for (const table of ['job_parameters', 'job_commands', 'job_sandboxes', 'jobs']) {
      await tx.execute(`DELETE FROM ${table} WHERE job_id IN (?)`, [ids]);
    }
    return ids.length;
  });
}

/**
 * Deletes descriptions older than `days` that no job uses any more, at most 5,000. It reads all jobs once, so it is only
 * done after jobs were deleted.
 */
export async function deleteUnusedDescriptions(database: Database, days: number): Promise<number> {
  // Found by a statement of its own: a subquery of the deletion would lock every job that it reads. No job that comes
  // later uses an old description.
  const unused = await database.query<{ description_id: number }>(
    `SELECT d.description_id FROM job_descriptions d
     WHERE d.created_at < NOW(6) - INTERVAL ? SECOND
       AND d.description_id NOT IN (SELECT description_id FROM jobs)
     LIMIT 5000`,
    [Math.round(days * 86_400)],
  );
  if (unused.length === 0) return 0;
  const { affectedRows } = await database.execute('DELETE FROM job_descriptions WHERE description_id IN (?)', [
    unused.map(({ description_id }) => description_id),
  ]);
  return affectedRows;
}
