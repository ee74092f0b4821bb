import type { PilotStatus } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';

/** A pilot as its explanation needs it. Lists and objects are JSON texts, times as the database writes them. */
export interface PilotFacts {
  stamp: string;
  vo: string;
  site: string;
  ce: string;
  queue: string;
  status: PilotStatus;
  status_reason: string;
  drain: number;
  tags: string | null;
  platforms: string | null;
  node: string | null;
  isolation: string | null;
  bound_owner: string | null;
  bench_mark: number;
  ended_at: string | null;
  /** Seconds since it was heard of; null when it never was. */
  silent_for: number | null;
  last_offer: string | null;
  last_offer_at: string | null;
  /** Attempts that it holds. */
  jobs: number;
}

export async function readPilotFacts(database: Queryable, stamp: string): Promise<PilotFacts | undefined> {
  const [row] = await database.query<PilotFacts>(
    `SELECT stamp, vo, site, ce, queue, status, status_reason, drain, tags, platforms, node, isolation, bound_owner,
       bench_mark, ended_at, TIMESTAMPDIFF(SECOND, last_contact, NOW(6)) AS silent_for, last_offer, last_offer_at,
       (SELECT COUNT(*) FROM leases l WHERE l.pilot_stamp = p.stamp) AS jobs
     FROM pilots p WHERE stamp = ?`,
    [stamp],
  );
  return row;
}
