import type { Transaction } from '../../platform/index.js';

/**
 * Frees the slots of jobs whose attempts have ended, in the transaction that removes their leases; gives the ids of the
 * limits that have free slots now. The jobs' rows are locked, so nobody else gives back the same slots.
 */
export async function releaseSlots(tx: Transaction, jobIds: readonly number[]): Promise<number[]> {
  if (jobIds.length === 0) return [];
  const uses = await tx.query<{ limit_id: number; number: number }>(
    'SELECT limit_id, number FROM limit_uses WHERE job_id IN (?) FOR UPDATE',
    [jobIds],
  );
  if (uses.length === 0) return [];
  await tx.execute('DELETE FROM limit_uses WHERE job_id IN (?)', [jobIds]);
  await tx.execute('INSERT INTO limit_slots (limit_id, number) VALUES ?', [
    uses.map(({ limit_id, number }) => [limit_id, number]),
  ]);
  return [...new Set(uses.map(({ limit_id }) => limit_id))];
}
