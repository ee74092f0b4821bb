import type { Transaction } from '../../platform/index.js';
import { countOut } from '../counters/index.js';
import { detach } from '../outputs/sandbox-retention.js';

/** What went with the rows of jobs. */
export interface DeletedJobs {
  jobs: number;
  descriptions: number;
  /** Descriptions that may have gone out of use, but do not say which jobs they had; an earlier version wrote them. */
  unclear: number;
}

export function noneDeleted(): DeletedJobs {
  return { jobs: 0, descriptions: 0, unclear: 0 };
}

/** Adds `more` to a sum. */
export function addDeleted(sum: DeletedJobs, more: DeletedJobs): void {
  sum.jobs += more.jobs;
  sum.descriptions += more.descriptions;
  sum.unclear += more.unclear;
}

/**
 * Deletes the rows of jobs and all that belongs to them alone, in the caller's transaction, which holds the locks of the
 * jobs; descriptions go with the last of their jobs. History and attempts stay until their partitions are dropped. The
 * only place where job rows are deleted.
 */
export async function deleteJobs(tx: Transaction, jobIds: readonly number[]): Promise<DeletedJobs> {
  if (jobIds.length === 0) return noneDeleted();
  const used = await tx.query<{ id: number }>('SELECT DISTINCT description_id AS id FROM jobs WHERE job_id IN (?)', [
    jobIds,
  ]);
  await countOut(tx, jobIds);
  for (const table of ['job_parameters', 'job_commands']) {
    await tx.execute(`DELETE FROM ${table} WHERE job_id IN (?)`, [jobIds]);
  }
  await detach(tx, jobIds);
  const { affectedRows } = await tx.execute('DELETE FROM jobs WHERE job_id IN (?)', [jobIds]);
  return {
    jobs: affectedRows,
    ...(await deleteUnused(
      tx,
      used.map(({ id }) => id),
    )),
  };
}

/**
 * Found by a statement of its own: a subquery of the deletion would lock every job that it reads. No job that comes later
 * uses an old description.
 */
async function deleteUnused(
  tx: Transaction,
  descriptionIds: readonly number[],
): Promise<Pick<DeletedJobs, 'descriptions' | 'unclear'>> {
  if (descriptionIds.length === 0) return { descriptions: 0, unclear: 0 };
  const rows = await tx.query<{ id: number; unclear: number }>(
    `SELECT d.description_id AS id, d.first_job IS NULL AS unclear FROM job_descriptions d
     WHERE d.description_id IN (?)
       AND NOT EXISTS (SELECT 1 FROM jobs j
         WHERE j.job_id BETWEEN d.first_job AND d.last_job AND j.description_id = d.description_id)`,
    [descriptionIds],
  );
  const unused = rows.filter(({ unclear }) => unclear === 0);
  if (unused.length > 0) {
    await tx.execute('DELETE FROM job_descriptions WHERE description_id IN (?)', [unused.map(({ id }) => id)]);
  }
  return { descriptions: unused.length, unclear: rows.length - unused.length };
}
