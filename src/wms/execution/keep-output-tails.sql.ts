import type { Transaction } from '../../platform/index.js';

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
