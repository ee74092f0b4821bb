import { type Queryable, toWire } from '../../platform/index.js';

/** An entry of the history of a job, as it is told; `Attempt` is the attempt that was current. */
export interface ToldEntry {
  Status: string;
  MinorStatus: string;
  ApplicationStatus: string;
  StatusTime: string;
  Source: string;
  Attempt: number;
}

/** The histories of jobs, each in the order of its times; entries of the same time in the order of their writing. */
export async function historiesOf(database: Queryable, jobIds: readonly number[]): Promise<Map<number, ToldEntry[]>> {
  const histories = new Map<number, ToldEntry[]>();
  if (jobIds.length === 0) return histories;
  const rows = await database.query<{
    job_id: number;
    status: string;
    minor_status: string;
    application_status: string;
    status_time: string;
    source: string;
    attempt: number;
  }>(
    `SELECT job_id, status, minor_status, application_status, status_time, source, attempt
     FROM job_history WHERE job_id IN (?) ORDER BY job_id, status_time, entry_id`,
    [jobIds],
  );
  for (const row of rows) {
    const entry = {
      Status: row.status,
      MinorStatus: row.minor_status,
      ApplicationStatus: row.application_status,
      StatusTime: toWire(row.status_time),
      Source: row.source,
      Attempt: row.attempt,
    };
    const known = histories.get(row.job_id);
    if (known === undefined) histories.set(row.job_id, [entry]);
    else known.push(entry);
  }
  return histories;
}
