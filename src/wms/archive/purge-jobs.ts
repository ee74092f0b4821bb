import { finalStates, type JobStatus } from '../../contract/index.js';
import type { Database, Transaction } from '../../platform/index.js';
import { addDeleted, type DeletedJobs, deleteJobs, noneDeleted } from '../jobs/delete-jobs.js';
import { digestsOf, type DueJobs, isDue, releaseMembers } from './archive-rows.sql.js';
import { digestOf, type JobRecord, readJobRecords } from './job-records.sql.js';

/** Jobs that go in one transaction. */
const atOnce = 200;

/**
 * Deletes members of an archive whose object was verified: those that are still as they were archived. The others leave
 * the archive.
 */
export async function purgeMembers(
  database: Database,
  archiveId: number,
  members: readonly number[],
  signal: AbortSignal,
): Promise<DeletedJobs> {
  const deleted = noneDeleted();
  for (let start = 0; start < members.length; start += atOnce) {
    signal.throwIfAborted();
    const part = members.slice(start, start + atOnce);
    const went = await database.transaction(async (tx) => {
      const idle = await lockIdle(tx, part);
      const records = await readJobRecords(tx, part);
      const digests = await digestsOf(tx, part);
      const same = new Set(idle.filter((id) => isSame(records.get(id), digests.get(id))));
      const changed = [...records.keys()].filter((id) => !same.has(id));
      await releaseMembers(tx, archiveId, changed);
      return deleteJobs(tx, [...same]);
    });
    addDeleted(deleted, went);
  }
  return deleted;
}

/** Deletes jobs that are due without an archive; repeat until none went. */
export function purgeDue(database: Database, due: DueJobs): Promise<DeletedJobs> {
  const { sql, values } = isDue(due);
  return database.transaction(async (tx) => {
    const rows = await tx.query<{ job_id: number }>(
      `SELECT j.job_id FROM jobs j WHERE ${sql} ORDER BY j.last_update_time LIMIT ?`,
      [...values, atOnce],
    );
    const ids = rows.map(({ job_id }) => job_id);
    const idle = await lockIdle(tx, ids, due.before);
    // A change that came in between makes a job young again; a run that deletes nothing must be the last.
    return deleteJobs(tx, idle);
  });
}

/** Locks jobs in the order of their ids; those in a final state without a lease, and unchanged since `before` if given. */
async function lockIdle(tx: Transaction, jobIds: readonly number[], before = '9999-12-31'): Promise<number[]> {
  if (jobIds.length === 0) return [];
  const ids = jobIds.toSorted((a, b) => a - b);
  const rows = await tx.query<{ job_id: number; status: JobStatus; young: number }>(
    'SELECT job_id, status, last_update_time >= ? AS young FROM jobs WHERE job_id IN (?) ORDER BY job_id FOR UPDATE',
    [before, ids],
  );
  const leased = await tx.query<{ job_id: number }>('SELECT job_id FROM leases WHERE job_id IN (?)', [ids]);
  const held = new Set(leased.map(({ job_id }) => job_id));
  return rows
    .filter(({ job_id, status, young }) => finalStates.includes(status) && young === 0 && !held.has(job_id))
    .map(({ job_id }) => job_id);
}

function isSame(record: JobRecord | undefined, digest: Buffer | null | undefined): boolean {
  return record !== undefined && digest instanceof Buffer && digestOf(record).equals(digest);
}
