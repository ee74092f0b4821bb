import type { PilotStatus } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';

/** What matching needs to know of a pilot. Lists are JSON texts. */
export interface PilotRow {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  queue: string;
  status: PilotStatus;
  drain: number;
  tags: string | null;
  platforms: string | null;
  node: string | null;
  isolation: string | null;
  bound_owner: string | null;
  bench_mark: number;
  /** 1 when it has commands that it has not acknowledged. */
  commanded: number;
}

const columns = `stamp, vo, site, ce, queue, status, drain, tags, platforms, node, isolation, bound_owner, bench_mark,
  EXISTS (SELECT 1 FROM job_commands c WHERE c.pilot_stamp = pilots.stamp AND c.acknowledged_at IS NULL) AS commanded`;

/**
 * The pilots of a batch of claims, locked in the order of their stamps: claims of one pilot come one after the other,
 * so that a repeated claim sees what the first one got.
 */
export async function lockPilots(tx: Transaction, stamps: readonly string[]): Promise<Map<string, PilotRow>> {
  const rows = await tx.query<PilotRow>(`SELECT ${columns} FROM pilots WHERE stamp IN (?) ORDER BY stamp FOR UPDATE`, [
    [...new Set(stamps)].toSorted(),
  ]);
  return new Map(rows.map((row) => [row.stamp, row]));
}

/**
 * The same without a lock: good enough to decide whether a claim is worth a transaction. `claimed` is 1 for a pilot of
 * which one of these claims has got something.
 */
export async function lookAtPilots(
  database: Pick<Transaction, 'query'>,
  stamps: readonly string[],
  claims: readonly { claimId: string }[],
): Promise<(PilotRow & { claimed: number })[]> {
  const ids = claims.map(({ claimId }) => claimId);
  const claimed =
    'EXISTS (SELECT 1 FROM attempts a WHERE a.pilot_stamp = pilots.stamp AND a.claim_id IN (?)) AS claimed';
  return await database.query<PilotRow & { claimed: number }>(
    `SELECT ${columns}, ${ids.length === 0 ? '0 AS claimed' : claimed} FROM pilots WHERE stamp IN (?)`,
    ids.length === 0 ? [stamps] : [ids, stamps],
  );
}
