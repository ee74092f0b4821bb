/** So many fruitless claims of a cohort in a row, and it rests. */
const patience = 2;
const shortest = 5_000;
const longest = 60_000;

interface Rest {
  fruitless: number;
  began: number;
  until: number;
  times: number;
}

/**
 * Cohorts whose claims find jobs and get none, because limits are reached. A claim looks at all queues, so what one member
 * does not get the others do not get either: the cohort rests, for ever longer (5 to 60 s) until one gets something. A
 * queue that changed after the rest began may call it all the same. Times in ms.
 */
export class CohortRests {
  private readonly rests = new Map<object, Rest>();

  /** Whether the cohort rests now, as far as a queue goes that changed then. */
  includes(cohort: object, now: number, changed: number): boolean {
    const rest = this.rests.get(cohort);
    return rest !== undefined && rest.until > now && changed <= rest.began;
  }

  /** A claim found jobs and got none. */
  fruitless(cohort: object, now: number): void {
    const rest = this.rests.get(cohort) ?? { fruitless: 0, began: 0, until: 0, times: 0 };
    this.rests.set(cohort, rest);
    rest.fruitless += 1;
    if (rest.fruitless < patience) return;
    rest.fruitless = 0;
    rest.began = now;
    if (rest.until > now) return;
    rest.until = now + Math.min(longest, shortest * 2 ** rest.times);
    rest.times += 1;
  }

  /** A claim got something. */
  end(cohort: object): void {
    this.rests.delete(cohort);
  }

  clear(): void {
    this.rests.clear();
  }

  /** Forgets those who have not rested for long. */
  tidy(now: number): void {
    for (const [cohort, { until }] of this.rests) if (until < now - longest) this.rests.delete(cohort);
  }
}
