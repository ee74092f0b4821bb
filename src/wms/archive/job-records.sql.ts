import { createHash } from 'node:crypto';
import type { Queryable } from '../../platform/index.js';

type Row = Record<string, unknown>;

/** A job as it is archived: the rows of the database, with its own column names and times. */
export interface JobRecord {
  job: Row & { job_id: number; description_id: number; status: string };
  /** In the order of their writing. */
  history: Row[];
  attempts: Row[];
  parameters: Row[];
  /** Names, sizes and checksums; the bytes go by the retention of sandboxes. */
  sandboxes: Row[];
}

/** Jobs with all that belongs to them, by id. Unknown ids are left out. A few hundred at a time. */
export async function readJobRecords(database: Queryable, jobIds: readonly number[]): Promise<Map<number, JobRecord>> {
  const records = new Map<number, JobRecord>();
  if (jobIds.length === 0) return records;
  const jobs = await database.query<JobRecord['job']>('SELECT * FROM jobs WHERE job_id IN (?) ORDER BY job_id', [
    jobIds,
  ]);
  for (const job of jobs) {
    records.set(job.job_id, { job, history: [], attempts: [], parameters: [], sandboxes: [] });
  }
  const parts = {
    history: 'SELECT * FROM job_history WHERE job_id IN (?) ORDER BY job_id, entry_id',
    attempts: 'SELECT * FROM attempts WHERE job_id IN (?) ORDER BY job_id, attempt, claimed_at',
    parameters: 'SELECT * FROM job_parameters WHERE job_id IN (?) ORDER BY job_id, attempt, name',
    sandboxes: `SELECT js.job_id, js.kind, js.attempt, s.pfn, s.sha256, s.size, s.format FROM job_sandboxes js
      JOIN sandboxes s ON s.sandbox_id = js.sandbox_id WHERE js.job_id IN (?) ORDER BY js.job_id, js.kind, js.sandbox_id`,
  } as const;
  for (const [part, sql] of Object.entries(parts) as [keyof typeof parts, string][]) {
    for (const row of await database.query<Row & { job_id: number }>(sql, [jobIds])) {
      records.get(row.job_id)?.[part].push(row);
    }
  }
  return records;
}

/** Of the pilots of these stamps what is left when a job is looked for later, by stamp. */
export async function readPilotReferences(database: Queryable, stamps: readonly string[]): Promise<Map<string, Row>> {
  if (stamps.length === 0) return new Map();
  const rows = await database.query<Row & { stamp: string }>(
    'SELECT stamp, site, ce, queue, reference, status, log_state FROM pilots WHERE stamp IN (?) ORDER BY pilot_id',
    [stamps],
  );
  return new Map(rows.map((row) => [row.stamp, row]));
}

/** SHA-256 by which a record is known again: equal as long as nobody changed anything of the job. */
export function digestOf(record: JobRecord): Buffer {
  return createHash('sha256').update(JSON.stringify(record)).digest();
}
