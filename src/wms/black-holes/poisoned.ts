import { type FailedAttempt, type GoodAttempts, nameAt, type Whereabouts } from './evidence.js';

/** A job that was lost at so many hosts is looked at itself. */
const suspiciousHosts = 3;
/** … and is at fault when so many of them do well by other jobs. */
const soundHosts = 2;

/** The smallest place that outlives a pilot, where it is known. */
export function hostOf(at: Whereabouts): string {
  return nameAt('host', at) ?? `pilot ${at.pilot}`;
}

/**
 * Jobs that are lost wherever they run, on hosts that do not lose others: they say nothing against places. A job that
 * went from one black hole into the next is not one of them, since those lose other jobs too.
 */
export function poisonedJobs(failures: readonly FailedAttempt[], good: readonly GoodAttempts[]): Set<number> {
  const hostsOf = new Map<number, Set<string>>();
  const lostAt = new Map<string, Set<number>>();
  const goodAt = new Map<string, number>();
  for (const attempts of good) {
    const host = hostOf(attempts);
    goodAt.set(host, (goodAt.get(host) ?? 0) + attempts.count);
  }
  for (const failure of failures) {
    if (failure.cause !== 'lost') continue;
    const host = hostOf(failure);
    into(hostsOf, failure.job, host);
    into(lostAt, host, failure.job);
  }
  const suspicious = [...hostsOf].filter(([, hosts]) => hosts.size >= suspiciousHosts);
  // Several such jobs may meet on one host; they do not count against it either.
  const suspects = new Set(suspicious.map(([job]) => job));
  const isSound = (host: string): boolean => {
    const others = [...(lostAt.get(host) ?? [])].filter((job) => !suspects.has(job)).length;
    return (goodAt.get(host) ?? 0) > others;
  };
  const sound = new Map([...lostAt.keys()].map((host) => [host, isSound(host)]));
  return new Set(
    suspicious
      .filter(([, hosts]) => [...hosts].filter((host) => sound.get(host) === true).length >= soundHosts)
      .map(([job]) => job),
  );
}

function into<Key, Value>(sets: Map<Key, Set<Value>>, key: Key, value: Value): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}
