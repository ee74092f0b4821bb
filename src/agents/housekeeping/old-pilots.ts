import { finalPilotStates } from '../../contract/index.js';
import type { Database } from '../../platform/index.js';

/** A pilot that may be forgotten. */
export interface OldPilot {
  pilot_id: number;
  vo: string;
  stamp: string;
  site: string;
  ce: string;
  reference: string | null;
}

/**
 * Pilots of a VO that ended more than `days` ago and hold no lease, oldest first. The reference of a pilot that something else
 * started is the word of who registered it, and no run of ours: it is left out.
 */
export function findOldPilots(
  database: Database,
  { vo, days }: { vo: string; days: number },
  limit: number,
): Promise<OldPilot[]> {
  return database.query<OldPilot>(
    `SELECT pilot_id, vo, stamp, site, ce, IF(submitted_at IS NULL, NULL, reference) AS reference FROM pilots
     WHERE vo = ? AND status IN (?) AND last_update_time < NOW(6) - INTERVAL ? SECOND
       AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = pilots.stamp)
     ORDER BY pilot_id LIMIT ?`,
    [vo, finalPilotStates, Math.round(days * 86_400), limit],
  );
}

/** Deletes the rows of pilots. */
export async function deletePilots(database: Database, pilots: readonly OldPilot[]): Promise<void> {
  if (pilots.length === 0) return;
  await database.execute('DELETE FROM pilots WHERE pilot_id IN (?)', [pilots.map(({ pilot_id }) => pilot_id)]);
}

/** Pilots of a VO that ended more than `days` ago and whose logs are still stored, oldest first. */
export function findOldLogs(
  database: Database,
  { vo, days }: { vo: string; days: number },
  limit: number,
): Promise<{ vo: string; stamp: string }[]> {
  return database.query(
    `SELECT vo, stamp FROM pilots WHERE log_state = 'sealed' AND vo = ? AND status IN (?)
       AND last_update_time < NOW(6) - INTERVAL ? SECOND ORDER BY last_update_time LIMIT ?`,
    [vo, finalPilotStates, Math.round(days * 86_400), limit],
  );
}

/** Notes that nothing of these logs is stored any more. */
export async function forgetLogs(database: Database, stamps: readonly string[]): Promise<void> {
  if (stamps.length === 0) return;
  await database.execute("UPDATE pilots SET log_state = 'none', log_bytes = 0 WHERE stamp IN (?)", [stamps]);
}
