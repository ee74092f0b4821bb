import type { BlackHoleRules } from '../../configuration/index.js';
import { binomialTail } from './binomial.js';
import {
  type Cause,
  type Evidence,
  type FailedAttempt,
  keyOf,
  type Level,
  levels,
  nameAt,
  type Place,
  type Whereabouts,
} from './evidence.js';
import { leastPeers, peersOf, pastRate, type Peers } from './peers.js';
import { poisonedJobs } from './poisoned.js';
import { innocentWorks } from './innocent-works.js';
import { type Tallies, tally, type Tally } from './tallies.js';
import { inWords } from './reason.js';

/** A place that fails jobs, more than its peers and its past explain. */
export interface Blame extends Place {
  cause: Cause;
  site: string;
  /** The places that it is part of, by {@link keyOf}. */
  within: string[];
  /** False when it might be the jobs as well: all are one owner's, and nothing like them ran anywhere else. */
  certain: boolean;
  /** The probability that chance alone does this. */
  chance: number;
  reason: string;
}

export type JudgeRules = Pick<
  BlackHoleRules,
  'least_failures' | 'least_share' | 'significance' | 'accepted_share' | 'worst_past'
>;

/**
 * Says which places eat jobs. A place is blamed when enough different jobs failed there, they are a large part of what
 * ended there, and the binomial tail says that chance alone would hardly do it at the rate of its peers (its neighbours,
 * and other places for the same work) or of its own past, whichever is worse. The lowest level that explains the
 * failures is blamed: places within a blamed place are not named, and failures at blamed or `standing` (already set
 * aside) places do not count against what they are in. Pure; the order of the evidence does not matter.
 */
export function judge(evidence: Evidence, rules: JudgeRules, standing: ReadonlySet<string> = new Set()): Blame[] {
  return withoutCovered([...ofCause('lost'), ...ofCause('failed')]);

  function ofCause(cause: Cause): Blame[] {
    const relevant = relevantTo(cause, evidence);
    const blamed: Blame[] = [];
    for (const level of levels) {
      // One bad pilot does not clear its host: whether others failed there too is what is asked.
      const apart = (): Set<string> =>
        new Set([...standing, ...blamed.map(keyOf)].filter((key) => level !== 'host' || !key.startsWith('pilot ')));
      for (;;) {
        const found = judgeLevel(level, outside(relevant, apart()), { cause, rules, past: evidence.past });
        blamed.push(...found.filter((blame) => !standing.has(keyOf(blame))));
        // Without the worst of them, others stand out that hid behind them.
        if (found.length === 0 || level === 'site') break;
      }
    }
    return blamed;
  }
}

interface Question {
  cause: Cause;
  rules: JudgeRules;
  past: Evidence['past'];
}

function judgeLevel(level: Level, evidence: Pick<Evidence, 'failures' | 'good'>, question: Question): Blame[] {
  const tallies = tally(evidence.failures, evidence.good);
  return [...tallies.places[level]]
    .flatMap(([name, place]) => blameOf({ level, name }, place, { ...question, tallies }) ?? [])
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function blameOf(place: Place, tallied: Tally, question: Question & { tallies: Tallies }): Blame | null {
  const { cause, rules, past, tallies } = question;
  const { level } = place;
  const least = rules.least_failures * (level === 'ce' || level === 'site' ? 2 : 1);
  if (tallied.jobs.size < least || tallied.failed < rules.least_share * tallied.ended) return null;
  // What one pilot, one host or one CE did is not the fault of all that it belongs to.
  if (level !== 'pilot' && tallied.failedParts.size < 2) return null;
  const failedWorks = [...tallied.works].filter(([, { failed }]) => failed > 0).length;
  if (cause === 'failed' && failedWorks < 2 && tallied.jobs.size < 2 * least) return null;
  const peers = peersOf(level, tallied, tallies);
  const certain = peers.sameWork !== null || tallied.owners.size > 1;
  if (!certain && (level === 'pilot' || level === 'host' || doesOtherWorkWell(tallied))) return null;
  const before = past.get(keyOf(place));
  const rate = Math.max(
    rules.accepted_share,
    ...peers.neighbours.map(({ failed, ended }) => failed / ended),
    peers.sameWork ?? 0,
    Math.min(pastRate(before, cause) ?? 0, rules.worst_past),
  );
  const chance = binomialTail(tallied.failed, tallied.ended, rate);
  if (chance > rules.significance) return null;
  const { at, ces } = tallied;
  const within = levels
    .slice(levels.indexOf(level) + 1)
    // A host that several CEs lead to belongs to none of them.
    .filter((outer) => outer !== 'ce' || ces.size === 1)
    .flatMap((outer) => keyAt(outer, at) ?? []);
  return { ...place, cause, site: at.site, within, certain, chance, reason: reasonOf(place, tallied, peers, question) };
}

/** Works of which nothing failed ended there: then it is rather the works that fail. */
function doesOtherWorkWell({ works }: Tally): boolean {
  let well = 0;
  for (const { ended, failed } of works.values()) if (failed === 0) well += ended;
  return well >= leastPeers;
}

function keyAt(level: Level, at: Whereabouts): string | null {
  const name = nameAt(level, at);
  return name === null ? null : keyOf({ level, name });
}

function reasonOf(place: Place, tallied: Tally, peers: Peers, { cause, past }: Question): string {
  return inWords({ place, cause, tallied, neighbours: peers.nearest, past: past.get(keyOf(place)) });
}

/** The attempts that can speak for or against a place in this question. */
function relevantTo(cause: Cause, { failures, good }: Evidence): Pick<Evidence, 'failures' | 'good'> {
  if (cause === 'failed') {
    const failed = failures.filter((failure) => failure.cause === 'failed');
    const innocent = innocentWorks(failed, good);
    return {
      failures: failed.filter(({ work }) => innocent.has(work)),
      good: good.filter(({ work }) => innocent.has(work)),
    };
  }
  const poisoned = poisonedJobs(failures, good);
  const lost = failures.filter((failure) => failure.cause === 'lost' && !poisoned.has(failure.job));
  // A payload that failed was not lost.
  const ended = failures.filter((failure) => failure.cause === 'failed').map((failure) => ({ ...failure, count: 1 }));
  return { failures: lost, good: [...good, ...ended] };
}

function outside(
  { failures, good }: Pick<Evidence, 'failures' | 'good'>,
  apart: ReadonlySet<string>,
): { failures: FailedAttempt[]; good: Evidence['good'] } {
  const isOutside = (at: Whereabouts): boolean => !isWithin(at, apart);
  return { failures: failures.filter(isOutside), good: good.filter(isOutside) };
}

/** Whether an attempt was held at one of these places. */
export function isWithin(at: Whereabouts, places: ReadonlySet<string>): boolean {
  if (places.size === 0) return false;
  return levels.some((level) => places.has(keyAt(level, at) ?? ''));
}

/** The first blame of each place, without those within a place that is blamed itself. */
function withoutCovered(blames: readonly Blame[]): Blame[] {
  const byKey = new Map(blames.toReversed().map((blame) => [keyOf(blame), blame]));
  return [...byKey.values()]
    .filter(({ within }) => !within.some((key) => byKey.has(key)))
    .toSorted((a, b) => a.chance - b.chance || (keyOf(a) < keyOf(b) ? -1 : 1));
}
