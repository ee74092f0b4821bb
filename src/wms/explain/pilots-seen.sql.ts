import { finalPilotStates, waitingPilotStates } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';

/** Live pilots of a VO that are alike. */
export interface PilotShape {
  site: string;
  ce: string;
  queue: string;
  /** Submitted, and not heard of yet. */
  coming: number;
  /** Running, and heard of lately. */
  running: number;
  processors: number;
  tags: string | null;
  platforms: string | null;
  /** Of the node, as it was reported; null before. */
  platform: string | null;
  memory: string | null;
  gpus: string | null;
  bench_mark: number;
  /** Tags, required tags and platforms of the last noted offer, as one JSON text; null before the first. */
  offered: string | null;
  /** The one owner whom it serves because it cannot separate payloads; empty when it serves anybody. */
  bound: string;
}

/** What is known of a queue to which a VO's pilots are sent. */
export interface QueueTrouble {
  site: string;
  ce: string;
  queue: string;
  circuit: string;
  reason: string;
}

const isComing = `status IN (?)`;

/** The live pilots of a VO by shape: one walk through the live part of index `by_status`. */
export async function readPilotShapes(database: Queryable, vo: string, silentSeconds: number): Promise<PilotShape[]> {
  return await database.query<PilotShape>(
    `SELECT site, ce, queue, CAST(SUM(${isComing}) AS SIGNED) AS coming, CAST(SUM(NOT ${isComing}) AS SIGNED) AS running,
       processors, tags, platforms, JSON_VALUE(node, '$.platform') AS platform, JSON_VALUE(node, '$.memory') AS memory,
       JSON_VALUE(node, '$.gpus') AS gpus, MIN(bench_mark) AS bench_mark,
       CONCAT('[', JSON_EXTRACT(last_offer, '$.tags'), ',', JSON_EXTRACT(last_offer, '$.required_tags'), ',',
         JSON_EXTRACT(last_offer, '$.platforms'), ']') AS offered,
       IF(COALESCE(isolation, 'none') = 'none', COALESCE(bound_owner, ''), '') AS bound
     FROM pilots FORCE INDEX (by_status)
     WHERE vo = ? AND status NOT IN (?) AND NOT drain AND (${isComing} OR last_contact > NOW(6) - INTERVAL ? SECOND)
     GROUP BY site, ce, queue, processors, tags, platforms, platform, memory, gpus, offered, bound`,
    [waitingPilotStates, waitingPilotStates, vo, finalPilotStates, waitingPilotStates, Math.ceil(silentSeconds)],
  );
}

/** A pilot that could not be submitted, or that its CE lost. */
export interface AbortedPilot {
  site: string;
  ce: string;
  queue: string;
  /** Seconds since then. */
  ago: number;
  reason: string;
}

/** So many of the latest aborted pilots of a VO are looked at. */
const latestAborted = 200;

/** The latest aborted pilot of each queue of a VO, of the last hour; queues where that happens rarely may be missing. */
export async function readAborted(database: Queryable, vo: string): Promise<AbortedPilot[]> {
  return await database.query<AbortedPilot>(
    `SELECT p.site, p.ce, p.queue, TIMESTAMPDIFF(SECOND, p.last_update_time, NOW(6)) AS ago, p.status_reason AS reason
     FROM (
       SELECT MAX(latest.pilot_id) AS pilot_id FROM (
         SELECT pilot_id, site, ce, queue FROM pilots FORCE INDEX (by_status)
         WHERE vo = ? AND status = 'Aborted' ORDER BY pilot_id DESC LIMIT ${latestAborted}
       ) latest GROUP BY latest.site, latest.ce, latest.queue
     ) last JOIN pilots p ON p.pilot_id = last.pilot_id
     WHERE p.last_update_time > NOW(6) - INTERVAL 1 HOUR`,
    [vo],
  );
}

/** The queues to which the site director sends a VO's pilots no more, or one at a time, because something went wrong there. */
export async function readTroubles(database: Queryable, vo: string): Promise<QueueTrouble[]> {
  return await database.query<QueueTrouble>(
    "SELECT site, ce, queue, circuit, reason FROM queue_states WHERE vo = ? AND circuit <> 'closed'",
    [vo],
  );
}
