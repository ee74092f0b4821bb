import { finalStates } from '../../contract/index.js';
import type { Database, Queryable, Transaction } from '../../platform/index.js';

/**
 * An archive: `open` while its object may not be there yet, `verified` when the object was read back, `done` when the rows
 * of its jobs are gone. Its members and its key never change once it is made, so whoever goes on after a crash writes the
 * same object again.
 */
export interface ArchiveRow {
  archive_id: number;
  vo: string;
  se: string;
  object_key: string;
  state: 'open' | 'verified' | 'done';
  jobs: number;
  /** Members that changed after they were written: they stay, and the lines in the object are void. */
  released: number;
  first_job: number;
  last_job: number;
  /** Of the object, as it is stored. */
  bytes: number | null;
  sha256: string | null;
  created_at: string;
  verified_at: string | null;
  completed_at: string | null;
}

const columns = `archive_id, vo, se, object_key, state, jobs, released, first_job, last_job, bytes, sha256, created_at,
  verified_at, completed_at`;

/** Which jobs are old enough: in a final state and unchanged since `before`, a time of the database. */
export interface DueJobs {
  vo: string;
  before: string;
}

/** The condition of {@link DueJobs} on `jobs j`, and its values. Attempts that may still be executing keep their jobs. */
export function isDue({ vo, before }: DueJobs): { sql: string; values: unknown[] } {
  return {
    sql: `j.vo = ? AND j.last_update_time < ? AND j.status IN (?)
      AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.job_id = j.job_id)`,
    values: [vo, before, finalStates],
  };
}

/** Makes an archive of at most `limit` jobs that are due; null when there is none. */
export async function openArchive(
  database: Database,
  due: DueJobs,
  { se, limit, keyOf }: { se: string; limit: number; keyOf: (archiveId: number) => string },
): Promise<ArchiveRow | null> {
  const condition = isDue(due);
  return database.transaction(async (tx) => {
    const jobs = await tx.query<{ job_id: number }>(
      `SELECT j.job_id FROM jobs j WHERE ${condition.sql}
         AND NOT EXISTS (SELECT 1 FROM archived_jobs a WHERE a.job_id = j.job_id)
       ORDER BY j.last_update_time LIMIT ?`,
      [...condition.values, limit],
    );
    if (jobs.length === 0) return null;
    const ids = jobs.map(({ job_id }) => job_id).toSorted((a, b) => a - b);
    const { insertId } = await tx.execute(
      'INSERT INTO archives (vo, se, object_key, jobs, first_job, last_job) VALUES (?, ?, ?, ?, ?, ?)',
      [due.vo, se, '', ids.length, ids[0], ids.at(-1)],
    );
    await tx.execute('UPDATE archives SET object_key = ? WHERE archive_id = ?', [keyOf(insertId), insertId]);
    await tx.execute(
      `INSERT INTO archived_jobs (job_id, archive_id, vo, owner, status, submission_time)
       SELECT job_id, ?, vo, owner, status, submission_time FROM jobs WHERE job_id IN (?)`,
      [insertId, ids],
    );
    return (await findArchive(tx, insertId)) ?? null;
  });
}

export async function findArchive(database: Queryable, archiveId: number): Promise<ArchiveRow | undefined> {
  const [row] = await database.query<ArchiveRow>(`SELECT ${columns} FROM archives WHERE archive_id = ?`, [archiveId]);
  return row;
}

/** Archives of a VO that a run left unfinished, oldest first. */
export function unfinishedArchives(database: Queryable, vo: string): Promise<ArchiveRow[]> {
  return database.query<ArchiveRow>(
    `SELECT ${columns} FROM archives WHERE state IN ('open', 'verified') AND vo = ? ORDER BY archive_id`,
    [vo],
  );
}

/** The members whose rows are still there, in the order of their descriptions. */
export async function presentMembers(database: Queryable, archiveId: number): Promise<number[]> {
  const rows = await database.query<{ job_id: number }>(
    `SELECT j.job_id FROM archived_jobs a JOIN jobs j ON j.job_id = a.job_id WHERE a.archive_id = ?
     ORDER BY j.description_id, j.job_id`,
    [archiveId],
  );
  return rows.map(({ job_id }) => job_id);
}

const perStatement = 1_000;

/** Notes that the object of an archive holds these jobs, and that it was read back. */
export function markVerified(
  database: Database,
  archive: ArchiveRow,
  written: { bytes: number; sha256: string; digests: ReadonlyMap<number, Buffer> },
): Promise<void> {
  const entries = [...written.digests];
  return database.transaction(async (tx) => {
    const { affectedRows } = await tx.execute(
      `UPDATE archives SET state = 'verified', jobs = ?, bytes = ?, sha256 = ?, verified_at = NOW(6)
       WHERE archive_id = ? AND state = 'open'`,
      [entries.length, written.bytes, written.sha256, archive.archive_id],
    );
    if (affectedRows === 0) throw new Error(`Somebody else has verified the archive ${archive.object_key} meanwhile`);
    for (let start = 0; start < entries.length; start += perStatement) {
      const part = entries.slice(start, start + perStatement);
      await tx.execute(
        `UPDATE archived_jobs SET digest = CASE job_id ${part.map(() => 'WHEN ? THEN ?').join(' ')} END WHERE job_id IN (?)`,
        [...part.flat(), part.map(([id]) => id)],
      );
    }
  });
}

/** The digests of members, as they were archived. */
export async function digestsOf(tx: Queryable, jobIds: readonly number[]): Promise<Map<number, Buffer | null>> {
  const rows = await tx.query<{ job_id: number; digest: Buffer | null }>(
    'SELECT job_id, digest FROM archived_jobs WHERE job_id IN (?)',
    [jobIds],
  );
  return new Map(rows.map(({ job_id, digest }) => [job_id, digest]));
}

/** Takes jobs out of their archive again: they changed, and will be archived when they are due again. */
export async function releaseMembers(tx: Transaction, archiveId: number, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return;
  await tx.execute('DELETE FROM archived_jobs WHERE archive_id = ? AND job_id IN (?)', [archiveId, jobIds]);
  await tx.execute('UPDATE archives SET released = released + ? WHERE archive_id = ?', [jobIds.length, archiveId]);
}

export async function markDone(database: Queryable, archiveId: number): Promise<void> {
  await database.execute("UPDATE archives SET state = 'done', completed_at = NOW(6) WHERE archive_id = ?", [archiveId]);
}
