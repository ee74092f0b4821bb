import type { Queryable } from '../../platform/index.js';
import { Decision } from './decision.js';

/** A decision that was kept, and what else is known of the attempt that it led to. Turns are use per share. */
export interface DecidedAttempt {
  job: number;
  attempt: number;
  at: string;
  vo: string;
  site: string;
  configurationVersion: number;
  /** Null for attempts of programs before this was recorded. */
  taskQueue: number | null;
  turn: { vo: number; group: number; owner: number } | null;
  /** Null when it is not in the sample. */
  decision: Decision | null;
}

/** Keeps a sample of decisions, in the transaction that carries them out. */
export async function writeDecisions(
  tx: Queryable,
  decided: readonly { job: { job_id: number; attempt: number }; decision?: Decision | undefined }[],
  configurationVersion: number,
): Promise<void> {
  const rows = decided.flatMap(({ job, decision }) =>
    decision === undefined ? [] : [[job.job_id, job.attempt + 1, configurationVersion, JSON.stringify(decision)]],
  );
  if (rows.length === 0) return;
  // The attempt's number may have been used before by a job that was reset.
  await tx.execute('REPLACE INTO decisions (job_id, attempt, configuration_version, decision) VALUES ?', [rows]);
}

interface Row {
  job_id: number;
  attempt: number;
  claimed_at: string;
  vo: string;
  site: string;
  configuration_version: number;
  task_queue_id: number | null;
  turn_vo: number;
  turn_group: number;
  turn_owner: number;
  decision: string | null;
}

const columns = `a.job_id, a.attempt, a.claimed_at, a.vo, a.site, a.configuration_version, a.task_queue_id, a.turn_vo,
  a.turn_group, a.turn_owner, d.decision`;

/** The attempts of a job with what decided them, the first attempt first. */
export async function readDecisions(database: Queryable, job: number): Promise<DecidedAttempt[]> {
  const rows = await database.query<Row>(
    `SELECT ${columns} FROM attempts a LEFT JOIN decisions d USING (job_id, attempt) WHERE a.job_id = ? ORDER BY a.attempt`,
    [job],
  );
  return rows.map(decidedOf);
}

/** The decisions of the sample since a time (as the database writes it), oldest first, some at a time. */
export async function sampledSince(database: Queryable, since: string, limit: number): Promise<DecidedAttempt[]> {
  const rows = await database.query<Row>(
    `SELECT ${columns} FROM decisions d JOIN attempts a USING (job_id, attempt) WHERE d.decided_at >= ?
     ORDER BY d.decided_at, d.job_id LIMIT ?`,
    [since, limit],
  );
  return rows.map(decidedOf);
}

/** Removes decisions older than so many days, some at a time. Returns how many went. */
export async function removeDecisions(database: Queryable, days: number, signal?: AbortSignal): Promise<number> {
  let removed = 0;
  while (signal?.aborted !== true) {
    const { affectedRows } = await database.execute(
      'DELETE FROM decisions WHERE decided_at < NOW(6) - INTERVAL ? SECOND ORDER BY decided_at LIMIT 5000',
      [Math.round(days * 86_400)],
    );
    removed += affectedRows;
    if (affectedRows === 0) break;
  }
  return removed;
}

function decidedOf(row: Row): DecidedAttempt {
  const turn = { vo: row.turn_vo, group: row.turn_group, owner: row.turn_owner };
  return {
    job: row.job_id,
    attempt: row.attempt,
    at: row.claimed_at,
    vo: row.vo,
    site: row.site,
    configurationVersion: row.configuration_version,
    taskQueue: row.task_queue_id,
    turn: row.task_queue_id === null ? null : turn,
    decision: row.decision === null ? null : Decision.parse(JSON.parse(row.decision)),
  };
}
