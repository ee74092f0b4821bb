import type { Transaction } from '../../platform/index.js';
import type { Effects, Jobs } from './jobs.js';
import type { JobRow } from './move.js';

/**
 * Orders jobs to stop, wherever they run: the pilot that holds a job, or else a foreign wrapper, which learns of it by its
 * next heartbeat. Nothing is ordered twice for one attempt.
 */
export async function orderKill(tx: Transaction, effects: Effects, jobs: Jobs, rows: readonly JobRow[]): Promise<void> {
  const ordered = await alreadyOrdered(tx, rows);
  const open = rows.filter((row) => !ordered.has(keyOf(row.job_id, row.lease_attempt ?? row.attempt)));
  await jobs.commandKill(tx, effects, open);
  const elsewhere = open.filter((row) => row.lease_attempt === null);
  if (elsewhere.length === 0) return;
  await tx.execute(
    `INSERT INTO job_commands (job_id, attempt, pilot_stamp, command) VALUES ${elsewhere.map(() => "(?, ?, NULL, 'Kill')").join(', ')}`,
    elsewhere.flatMap((row) => [row.job_id, row.attempt]),
  );
}

async function alreadyOrdered(tx: Transaction, rows: readonly JobRow[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const found = await tx.query<{ job_id: number; attempt: number }>(
    `SELECT job_id, attempt FROM job_commands
     WHERE job_id IN (?) AND command = 'Kill' AND acknowledged_at IS NULL AND delivered_at IS NULL`,
    [rows.map((row) => row.job_id)],
  );
  return new Set(found.map(({ job_id, attempt }) => keyOf(job_id, attempt)));
}

function keyOf(jobId: number, attempt: number): string {
  return `${jobId}/${attempt}`;
}
