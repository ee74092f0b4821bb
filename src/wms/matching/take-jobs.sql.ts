import type { Transaction } from '../../platform/index.js';
import type { ClaimableJob } from '../jobs/claim-jobs.js';

/**
 * The next claimable jobs of one task queue, locked: highest priority first, then the oldest. It reads index
 * `claimable` in its order and stops after `limit` rows; rows that another claim has locked are passed over, so that
 * matchers never wait for each other. Own locks are not passed over, hence `seen`. With `owner`, only that owner's
 * jobs (queues of JobSharing groups hold several owners).
 */
export async function takeJobs(
  tx: Transaction,
  queue: number,
  { limit, seen, owner }: { limit: number; seen: readonly number[]; owner: string | null },
): Promise<ClaimableJob[]> {
  return await tx.query<ClaimableJob>(
    `SELECT job_id, vo, user_priority, owner, owner_group, owner_subject, attempt, description_id, expansion
     FROM jobs FORCE INDEX (claimable)
     WHERE waiting_in = ? ${seen.length === 0 ? '' : 'AND job_id NOT IN (?)'} ${owner === null ? '' : 'AND owner_subject = ?'}
     ORDER BY user_priority DESC, job_id LIMIT ? FOR UPDATE SKIP LOCKED`,
    [queue, ...(seen.length === 0 ? [] : [seen]), ...(owner === null ? [] : [owner]), limit],
  );
}
