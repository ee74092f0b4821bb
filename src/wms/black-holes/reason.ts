import type { Cause, Past, Place } from './evidence.js';
import type { Tally, Trials } from './tallies.js';

const verbs: Record<Cause, string> = { lost: 'lost', failed: 'failed (payload at once, or sandboxes)' };
const longestReason = 900;

/** Why a place is blamed, for people: what failed there, how others did meanwhile, and how it did before. */
export function inWords(about: {
  place: Place;
  cause: Cause;
  tallied: Tally;
  neighbours: Trials | null;
  past: Past | undefined;
}): string {
  const { place, cause, tallied, neighbours, past } = about;
  const { failed, ended, longest, at } = tallied;
  const others = place.level === 'site' ? 'elsewhere' : `others at ${at.site}`;
  const parts = [
    `${failed} of ${ended} jobs on ${place.level} ${place.name} ${verbs[cause]} within ${Math.ceil(longest)} s`,
    ...(neighbours === null ? [] : [`${others}: ${neighbours.failed} of ${neighbours.ended}`]),
    ...(past === undefined || past.ended === 0 ? [] : [`its past: ${past[cause]} of ${past.ended}`]),
  ];
  return parts.join('; ').slice(0, longestReason);
}
