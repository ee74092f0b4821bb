import { type Cause, type Level, nameAt, type Past } from './evidence.js';
import type { Tallies, Tally, Trials } from './tallies.js';

/** Fewer trials say nothing of peers. */
export const leastPeers = 3;
/** Fewer attempts are no past. */
const leastPast = 20;

/** How others did meanwhile. */
export interface Peers {
  /** What is around a place, from near to far, without the place itself; only where enough ended. */
  neighbours: Trials[];
  /** The one to name in a reason, and what it is: the widest. */
  nearest: Trials | null;
  /** The part of this place's jobs that would have failed if it did as well as others by the same work; null: unknown. */
  sameWork: number | null;
}

const around: Record<Level, readonly Level[]> = {
  pilot: ['host', 'ce', 'site'],
  host: ['ce', 'site'],
  ce: ['site'],
  site: [],
};

/** The peers of a place at a level. */
export function peersOf(level: Level, place: Tally, { places, all }: Tallies): Peers {
  const neighbours = around[level].flatMap((outer) => {
    // A host that several CEs lead to has neighbours at its site only.
    if (outer === 'ce' && place.ces.size > 1) return [];
    const name = nameAt(outer, place.at);
    const wider = name === null ? undefined : places[outer].get(name);
    return wider === undefined ? [] : [without(wider, place)];
  });
  const enough = neighbours.filter(({ ended }) => ended >= leastPeers);
  return { neighbours: enough, nearest: enough.at(-1) ?? null, sameWork: sameWork(place, all) };
}

function without(all: Trials, part: Trials): Trials {
  return { ended: all.ended - part.ended, failed: all.failed - part.failed };
}

function sameWork(place: Tally, all: Tally): number | null {
  let expected = 0;
  let known = false;
  for (const [work, trials] of place.works) {
    const everywhere = all.works.get(work);
    const elsewhere = everywhere === undefined ? null : without(everywhere, trials);
    if (elsewhere === null || elsewhere.ended < leastPeers) continue;
    if (trials.failed > 0) known = true;
    expected += trials.ended * (elsewhere.failed / elsewhere.ended);
  }
  return known ? expected / place.ended : null;
}

/** The part of attempts that a place failed in the past; null when it is too short. */
export function pastRate(past: Past | undefined, cause: Cause): number | null {
  return past === undefined || past.ended < leastPast ? null : past[cause] / past.ended;
}
