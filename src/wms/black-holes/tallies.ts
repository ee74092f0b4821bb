import { type FailedAttempt, type GoodAttempts, type Level, levels, nameAt, type Whereabouts } from './evidence.js';
import { hostOf } from './poisoned.js';

/** Trials of one kind: how many there were, and how many failed. */
export interface Trials {
  ended: number;
  failed: number;
}

/** What ended at one place. */
export class Tally implements Trials {
  ended = 0;
  failed = 0;
  readonly works = new Map<string, Trials>();
  /** What failed, and where within the place: pilots of a host, hosts of a CE, CEs of a site. */
  readonly jobs = new Set<number>();
  readonly owners = new Set<string>();
  readonly failedParts = new Set<string>();
  /** Hosts, or pilots whose host is not known, on which anything ended. */
  readonly hosts = new Set<string>();
  readonly ces = new Set<string>();
  /** Seconds of the longest failed attempt. */
  longest = 0;

  constructor(readonly at: Whereabouts) {}

  add(at: Whereabouts, work: string, trials: Trials): void {
    this.ended += trials.ended;
    this.failed += trials.failed;
    const known = this.works.get(work);
    if (known === undefined) this.works.set(work, { ...trials });
    else {
      known.ended += trials.ended;
      known.failed += trials.failed;
    }
    this.hosts.add(hostOf(at));
    this.ces.add(at.ce);
  }
}

/** All places of the evidence, by level and name, and everything together. */
export interface Tallies {
  places: Record<Level, Map<string, Tally>>;
  all: Tally;
}

const partAt: Record<Level, (at: Whereabouts) => string> = {
  pilot: ({ pilot }) => pilot,
  host: ({ pilot }) => pilot,
  ce: hostOf,
  site: ({ ce }) => ce,
};

/** Adds up what failed and what ended well. A job that failed again on the same host counts once. */
export function tally(failures: readonly FailedAttempt[], good: readonly GoodAttempts[]): Tallies {
  const nowhere = { site: '', ce: '', host: '', pilot: '' };
  const all = new Tally(nowhere);
  const places: Tallies['places'] = { pilot: new Map(), host: new Map(), ce: new Map(), site: new Map() };
  const at = (level: Level, where: Whereabouts): Tally | null => {
    const name = nameAt(level, where);
    if (name === null) return null;
    const known = places[level].get(name) ?? new Tally(where);
    places[level].set(name, known);
    return known;
  };
  for (const attempts of good) {
    const trials = { ended: attempts.count, failed: 0 };
    all.add(attempts, attempts.work, trials);
    for (const level of levels) at(level, attempts)?.add(attempts, attempts.work, trials);
  }
  const seen = new Set<string>();
  for (const failure of failures) {
    const key = `${failure.job} ${hostOf(failure)}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const trials = { ended: 1, failed: 1 };
    all.add(failure, failure.work, trials);
    for (const level of levels) {
      const place = at(level, failure);
      if (place === null) continue;
      place.add(failure, failure.work, trials);
      place.jobs.add(failure.job);
      place.owners.add(failure.owner);
      place.failedParts.add(partAt[level](failure));
      place.longest = Math.max(place.longest, failure.seconds);
    }
  }
  return { places, all };
}
