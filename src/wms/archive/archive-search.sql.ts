import type { Queryable } from '../../platform/index.js';
import type { ArchiveRow } from './archive-rows.sql.js';

/** A job that lies in an archive, as far as the database still knows it. Times as the database writes them. */
export interface ArchivedJob {
  job_id: number;
  archive_id: number;
  vo: string;
  owner: string;
  status: string;
  submission_time: string;
}

/** Which part of a list: entries with ids below `before`, at most `limit`. */
export interface Page {
  vo?: string;
  before?: number;
  limit: number;
}

/** Archives, newest first. */
export function listArchives(database: Queryable, { vo, before, limit }: Page): Promise<ArchiveRow[]> {
  const where = conditions({ 'vo = ?': vo, 'archive_id < ?': before });
  return database.query<ArchiveRow>(
    `SELECT archive_id, vo, se, object_key, state, jobs, released, first_job, last_job, bytes, sha256, created_at,
       verified_at, completed_at FROM archives WHERE ${where.sql} ORDER BY archive_id DESC LIMIT ?`,
    [...where.values, limit],
  );
}

/** Archived jobs, newest first; those of one owner when a VO and an owner are given. */
export function listArchivedJobs(
  database: Queryable,
  { vo, before, limit, owner, archive }: Page & { owner?: string; archive?: number },
): Promise<ArchivedJob[]> {
  const where = conditions({ 'vo = ?': vo, 'owner = ?': owner, 'archive_id = ?': archive, 'job_id < ?': before });
  return database.query<ArchivedJob>(
    `SELECT job_id, archive_id, vo, owner, status, submission_time FROM archived_jobs
     WHERE digest IS NOT NULL AND ${where.sql} ORDER BY job_id DESC LIMIT ?`,
    [...where.values, limit],
  );
}

function conditions(given: Record<string, string | number | undefined>): { sql: string; values: unknown[] } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return { sql: ['TRUE', ...entries.map(([sql]) => sql)].join(' AND '), values: entries.map(([, value]) => value) };
}
