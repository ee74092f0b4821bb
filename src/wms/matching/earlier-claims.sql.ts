import type { Queryable } from '../../platform/index.js';

/** An attempt that a claim made; the lease's end in seconds from now. */
export interface ClaimedAttempt {
  job_id: number;
  attempt: number;
  vo: string;
  stamp: string;
  claim_id: string;
  site: string;
  processors: number;
  memory: number;
  gpus: number;
  lease_seconds: number;
  owner: string;
  owner_group: string;
  description_id: number;
  expansion: string | null;
}

/** What these claims got before, as far as its leases live. */
export async function earlierClaims(
  tx: Queryable,
  claims: readonly { stamp: string; claimId: string }[],
): Promise<ClaimedAttempt[]> {
  return await tx.query<ClaimedAttempt>(
    `SELECT a.job_id, a.attempt, a.vo, a.pilot_stamp AS stamp, a.claim_id, a.site, a.processors, a.memory, a.gpus,
       TIMESTAMPDIFF(MICROSECOND, NOW(6), l.expires_at) / 1e6 AS lease_seconds,
       j.owner, j.owner_group, j.description_id, j.expansion
     FROM attempts a
     JOIN leases l ON l.job_id = a.job_id AND l.attempt = a.attempt
     JOIN jobs j ON j.job_id = a.job_id
     WHERE (a.pilot_stamp, a.claim_id) IN (?) AND l.expires_at > NOW(6) ORDER BY a.job_id`,
    [claims.map(({ stamp, claimId }) => [stamp, claimId])],
  );
}
