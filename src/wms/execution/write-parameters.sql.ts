import type { Transaction } from '../../platform/index.js';

/** Sets parameters of attempts; the last value of a name counts. */
export async function writeParameters(
  tx: Transaction,
  reports: readonly { jobId: number; attempt: number; parameters: Record<string, string> }[],
): Promise<void> {
  const rows = reports.flatMap(({ jobId, attempt, parameters }) =>
    Object.entries(parameters).map(([name, value]) => [jobId, attempt, name, value]),
  );
  if (rows.length === 0) return;
  await tx.execute(
    `INSERT INTO job_parameters (job_id, attempt, name, value) VALUES ? ON DUPLICATE KEY UPDATE value = VALUES(value)`,
    [rows],
  );
}

/** Keeps the last lines that payloads printed, as parameter StandardOutput, before their leases go. */
export async function keepOutputTails(tx: Transaction, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return;
  await tx.execute(
    `INSERT IGNORE INTO job_parameters (job_id, attempt, name, value)
     SELECT job_id, attempt, 'StandardOutput', output_tail FROM leases
     WHERE job_id IN (?) AND output_tail IS NOT NULL`,
    [jobIds],
  );
}
