import type { Transaction } from '../../platform/index.js';
import type { Take } from '../jobs/claim-jobs.js';

/**
 * Notes on the pilots what they just got: their first and current job and, on those that cannot keep payloads apart, the
 * one owner whom they serve from now on.
 */
export async function bindPilots(tx: Transaction, takes: readonly Take[]): Promise<void> {
  const pilots = new Map<string, { first: Take; last: Take }>();
  for (const take of takes) pilots.set(take.stamp, { first: pilots.get(take.stamp)?.first ?? take, last: take });
  if (pilots.size === 0) return;
  const each = [...pilots];
  const choose = `CASE stamp ${each.map(() => 'WHEN ? THEN ?').join(' ')} END`;
  await tx.execute(
    `UPDATE pilots SET initial_job_id = IF(initial_job_id = 0, ${choose}, initial_job_id),
       current_job_id = ${choose}, bound_owner = IF(COALESCE(isolation, 'none') = 'none', COALESCE(bound_owner, ${choose}), NULL),
       last_update_time = NOW(6), last_contact = NOW(6)
     WHERE stamp IN (?)`,
    [
      ...each.flatMap(([stamp, { first }]) => [stamp, first.job.job_id]),
      ...each.flatMap(([stamp, { last }]) => [stamp, last.job.job_id]),
      ...each.flatMap(([stamp, { first }]) => [stamp, first.job.owner_subject]),
      each.map(([stamp]) => stamp),
    ],
  );
}
