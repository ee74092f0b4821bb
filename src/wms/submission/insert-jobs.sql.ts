import type { JobStatus } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { type Cell, writeDeltas } from '../counters/index.js';

/** A job as it comes into being. */
export interface NewJobRow {
  jobId: number;
  vo: string;
  ownerSubject: string;
  owner: string;
  group: string;
  descriptionId: number;
  /** JSON of its Expansion, null for a job that is not parametric. */
  expansion: string | null;
  taskQueueId: number;
  status: JobStatus;
  minor: string;
  name: string;
  type: string;
  jobGroup: string;
  site: string;
  priority: number;
}

const perStatement = 500;

/** Inserts jobs, several per statement, and counts them. A Waiting job can be claimed from the commit on. `now` is the database's time. */
export async function insertJobs(tx: Transaction, rows: readonly NewJobRow[], now: string): Promise<void> {
  for (let start = 0; start < rows.length; start += perStatement) {
    const part = rows.slice(start, start + perStatement);
    await tx.execute(
      `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, expansion, task_queue_id, waiting_in,
         status, minor_status, job_name, job_type, job_group, site, user_priority, submission_time, last_update_time)
       VALUES ?`,
      [part.map((row) => valuesOf(row, now))],
    );
  }
  await writeDeltas(
    tx,
    rows.map((row) => ({ cell: cellOf(row), jobs: 1 })),
  );
}

function valuesOf(row: NewJobRow, now: string): unknown[] {
  return [
    row.jobId,
    row.vo,
    row.ownerSubject,
    row.owner,
    row.group,
    row.descriptionId,
    row.expansion,
    row.taskQueueId,
    row.status === 'Waiting' ? row.taskQueueId : null,
    row.status,
    row.minor,
    row.name,
    row.type,
    row.jobGroup,
    row.site,
    row.priority,
    now,
    now,
  ];
}

function cellOf({ vo, owner, ownerSubject, group, jobGroup, type, site, status }: NewJobRow): Cell {
  return {
    vo,
    owner,
    owner_subject: ownerSubject,
    owner_group: group,
    job_group: jobGroup,
    job_type: type,
    site,
    status,
  };
}
