import type { FailedAttempt, GoodAttempts } from './evidence.js';
import { hostOf } from './poisoned.js';

/** A work that has ended well less often says nothing of places when it fails. */
const leastGood = 5;

/**
 * The works that do well on most hosts that had them: where they fail at once, it is the place. Hosts are counted, not
 * attempts, since a place that fails payloads at once gets more of them than all others together.
 */
export function innocentWorks(failures: readonly FailedAttempt[], good: readonly GoodAttempts[]): Set<string> {
  const works = new Map<string, { good: number; hosts: Map<string, number> }>();
  const count = (work: string, host: string, balance: number): void => {
    const of = works.get(work) ?? { good: 0, hosts: new Map<string, number>() };
    of.good += Math.max(0, balance);
    of.hosts.set(host, (of.hosts.get(host) ?? 0) + balance);
    works.set(work, of);
  };
  for (const attempts of good) count(attempts.work, hostOf(attempts), attempts.count);
  for (const failure of failures) count(failure.work, hostOf(failure), -1);
  const innocent = [...works].filter(([, of]) => {
    const balances = [...of.hosts.values()];
    const well = balances.filter((balance) => balance > 0).length;
    return of.good >= leastGood && 2 * well > balances.length;
  });
  return new Set(innocent.map(([work]) => work));
}
