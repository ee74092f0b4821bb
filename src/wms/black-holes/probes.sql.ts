import type { BlackHoleRules } from '../../configuration/index.js';
import type { Queryable, Transaction } from '../../platform/index.js';
import { keyOf, type Level, type Place } from './evidence.js';

/** Somebody who asks for jobs from a place that is on probation. */
export interface Probing {
  places: readonly Place[];
  claimer: { wants: number };
}

type ProbeRules = Pick<BlackHoleRules, 'survival' | 'probes_at_once'>;

/** How a job that was given to a place on probation did. */
export interface Probe {
  /** Null while it is held. */
  ended: number | null;
  failureClass: string | null;
  /** How long it was held, or has been so far. */
  seconds: number;
}

/**
 * Gives those who ask from places on probation no more jobs than these may hold now: a pilot or host one, a CE or site a
 * few. Exact with several servers: each place is locked until the claim is committed. Pilots are locked before, jobs after.
 */
export async function admitProbes(tx: Transaction, asking: readonly Probing[], rules: ProbeRules): Promise<void> {
  const probing = asking.filter(({ places }) => places.length > 0);
  if (probing.length === 0) return;
  const room = await roomOf(tx, distinct(probing.flatMap(({ places }) => places)), rules);
  for (const { places, claimer } of probing) {
    const rooms = places.map((place) => room.get(keyOf(place)) ?? 0);
    claimer.wants = Math.max(0, Math.min(claimer.wants, ...rooms));
    for (const place of places) room.set(keyOf(place), (room.get(keyOf(place)) ?? 0) - claimer.wants);
  }
}

/** Remembers which jobs a place on probation got. */
export async function noteProbes(
  tx: Transaction,
  given: readonly { places: readonly Place[]; jobId: number; attempt: number }[],
): Promise<void> {
  const rows = given.flatMap(({ places, jobId, attempt }) =>
    places.map(({ level, name }) => [level, name, jobId, attempt]),
  );
  if (rows.length === 0) return;
  await tx.execute('INSERT IGNORE INTO black_hole_probes (level, name, job_id, attempt) VALUES ?', [rows]);
}

/** The jobs that a place has got on probation. */
export async function probesOf(database: Queryable, { level, name }: Place): Promise<Probe[]> {
  return database.query<Probe>(
    `SELECT a.ended_at IS NOT NULL AS ended, a.failure_class AS failureClass,
       TIMESTAMPDIFF(SECOND, a.claimed_at, COALESCE(a.ended_at, NOW(6))) AS seconds
     FROM black_hole_probes p JOIN attempts a ON a.job_id = p.job_id AND a.attempt = p.attempt
     WHERE p.level = ? AND p.name = ?`,
    [level, name],
  );
}

async function roomOf(
  tx: Transaction,
  places: readonly Place[],
  { survival, probes_at_once }: ProbeRules,
): Promise<Map<string, number>> {
  const room = new Map<string, number>();
  for (const { level, name } of places) {
    const [hole] = await tx.query<{ state: string }>(
      'SELECT state FROM black_holes WHERE level = ? AND name = ? FOR UPDATE',
      [level, name],
    );
    if (hole?.state !== 'Probing') continue;
    // Of those that have survived for long, the place may hold as many as it likes.
    const [held] = await tx.query<{ young: number }>(
      `SELECT COUNT(*) AS young FROM black_hole_probes p JOIN leases l ON l.job_id = p.job_id AND l.attempt = p.attempt
       WHERE p.level = ? AND p.name = ? AND l.claimed_at > NOW(6) - INTERVAL ? SECOND`,
      [level, name, survival],
    );
    room.set(keyOf({ level, name }), mostProbes(level, probes_at_once) - Number(held?.young ?? 0));
  }
  return room;
}

function mostProbes(level: Level, atOnce: number): number {
  return level === 'pilot' || level === 'host' ? 1 : atOnce;
}

/** Each place once, in one order for all who lock them. */
function distinct(places: readonly Place[]): Place[] {
  const byKey = new Map(places.map((place) => [keyOf(place), place]));
  return [...byKey.keys()].toSorted().flatMap((key) => byKey.get(key) ?? []);
}
