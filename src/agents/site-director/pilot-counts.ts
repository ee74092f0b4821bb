import { finalPilotStates, waitingPilotStates } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';
import { type Place, placeKey } from './place.js';

/** The live pilots of one queue and VO. */
export interface PilotCount extends Place {
  /** Submitted or Waiting. */
  waiting: number;
  live: number;
  /** Cores of pilots that wait or run idle: what jobs can still have without new pilots. */
  onOffer: number;
}

/**
 * Counts live pilots. A running pilot is on offer while it holds no job and serves nobody in particular yet: for ten
 * minutes until it contacts the server, then as long as it does so every `silentSeconds`.
 */
export async function countPilots(database: Queryable, silentSeconds: number): Promise<PilotCount[]> {
  const idle = `p.status = 'Running' AND NOT p.drain AND p.bound_owner IS NULL
    AND IF(p.last_contact IS NULL, p.last_update_time > NOW(6) - INTERVAL 10 MINUTE,
           p.last_contact > NOW(6) - INTERVAL ? SECOND)
    AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = p.stamp)`;
  return database.query<PilotCount>(
    `SELECT p.vo, p.site, p.ce, p.queue, COUNT(*) AS live,
       CAST(SUM(p.status IN (?)) AS SIGNED) AS waiting,
       CAST(SUM(IF(p.status IN (?) OR (${idle}), p.processors, 0)) AS SIGNED) AS onOffer
     FROM pilots p WHERE p.status NOT IN (?) GROUP BY p.vo, p.site, p.ce, p.queue`,
    [waitingPilotStates, waitingPilotStates, Math.ceil(silentSeconds), finalPilotStates],
  );
}

/** How many live pilots of each of these places were made since a time of the database; by {@link placeKey}. */
export async function countSince(
  database: Queryable,
  places: readonly { place: Place; since: string }[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { place, since } of places) {
    const [row] = await database.query<{ live: number }>(
      `SELECT COUNT(*) AS live FROM pilots
       WHERE vo = ? AND site = ? AND ce = ? AND queue = ? AND status NOT IN (?) AND submission_time >= ?`,
      [place.vo, place.site, place.ce, place.queue, finalPilotStates, since],
    );
    counts.set(placeKey(place), Number(row?.live ?? 0));
  }
  return counts;
}
