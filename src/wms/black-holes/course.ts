import type { BlackHoleRules } from '../../configuration/index.js';
import type { Cause, Place } from './evidence.js';
import type { Probe } from './probes.sql.js';

/** `Banned`: gets nothing. `Probing`: gets a few jobs. `Released`: as before, and watched for relapses. */
export type HoleState = 'Banned' | 'Probing' | 'Released';

/** A place that ate jobs. Times in milliseconds since 1970, by the database. */
export interface Hole extends Place {
  site: string;
  state: HoleState;
  cause: Cause;
  reason: string;
  changedAt: number;
  /** When its state is over at the latest. */
  until: number;
  relapses: number;
}

/** What happens to a hole now. */
export type Step =
  { kind: 'stay' } | { kind: 'probe' } | { kind: 'relapse'; reason: string } | { kind: 'release' } | { kind: 'forget' };

type CourseRules = Pick<BlackHoleRules, 'fast' | 'survival' | 'probes' | 'pause' | 'longest_pause' | 'memory'>;

/**
 * The way back of a place that was set aside: banned for a pause, then tried with a few jobs; let go when enough of them
 * ended well, banned again, for longer, when they are lost; forgotten after good behaviour. One lost job is enough
 * against a pilot or host; a CE or site may lose one. Pure.
 */
export function nextStep(hole: Hole, probes: readonly Probe[], rules: CourseRules, now: number): Step {
  if (hole.state === 'Banned') return now >= hole.until ? { kind: 'probe' } : { kind: 'stay' };
  if (hole.state === 'Released') return now >= hole.until ? { kind: 'forget' } : { kind: 'stay' };
  const bad = probes.filter((probe) => isBad(probe, hole.cause, rules)).length;
  const tolerated = hole.level === 'pilot' || hole.level === 'host' ? 0 : 1;
  if (bad > tolerated)
    return { kind: 'relapse', reason: `${bad} of ${probes.length} jobs by which it was tried failed` };
  const well = probes.filter((probe) => isGood(probe, hole.cause, rules)).length;
  // Nobody may want it any more; it shall not be on probation for ever.
  return well >= rules.probes || now >= hole.until ? { kind: 'release' } : { kind: 'stay' };
}

/** Until when a place is banned for its nth relapse (0: the first time). */
export function bannedUntil(now: number, relapses: number, { pause, longest_pause }: CourseRules): number {
  return now + Math.min(pause * 2 ** Math.min(relapses, 30), longest_pause) * 1_000;
}

function isBad({ ended, failureClass, seconds }: Probe, cause: Cause, { fast }: CourseRules): boolean {
  if (!ended || failureClass === null) return false;
  if (failureClass === 'infrastructure') return true;
  if (cause === 'lost') return false;
  return failureClass === 'input' || failureClass === 'output' || (failureClass === 'payload' && seconds <= fast);
}

function isGood(probe: Probe, cause: Cause, rules: CourseRules): boolean {
  if (!probe.ended) return probe.seconds >= rules.survival;
  return probe.failureClass !== 'killed' && !isBad(probe, cause, rules);
}
