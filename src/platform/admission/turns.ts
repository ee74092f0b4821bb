/** How many may work at once, and how many may wait for it how long. */
export interface TurnLimits {
  atOnce: number;
  waiting: number;
  /** Of one caller, working and waiting. */
  perCaller: number;
  longestWaitSeconds: number;
}

/** Why there was no turn: too many wait, the wait was too long, or the caller has too many under way already. */
export type NoTurn = 'crowded' | 'too-long' | 'too-many-of-one';

interface Waiter {
  caller: string;
  begin: () => void;
}

/**
 * Lets a few work at once while a bounded number waits. The next turn goes to the caller with the fewest at work, and
 * among those to who came first, so that one who asks for much does not hold up the others.
 */
export class Turns {
  private readonly waiters: Waiter[] = [];
  private readonly working = new Map<string, number>();
  private readonly present = new Map<string, number>();
  private atWork = 0;

  constructor(private readonly limits: () => TurnLimits) {}

  /** How many work, and how many wait. */
  get load(): { working: number; waiting: number } {
    return { working: this.atWork, waiting: this.waiters.length };
  }

  /** Runs `work` when it is its turn. Without a turn `refuse` makes the error. */
  async take<T>(caller: string, work: () => Promise<T>, refuse: (why: NoTurn) => Error): Promise<T> {
    const { atOnce, waiting, perCaller, longestWaitSeconds } = this.limits();
    if ((this.present.get(caller) ?? 0) >= perCaller) throw refuse('too-many-of-one');
    if (this.atWork >= atOnce && this.waiters.length >= waiting) throw refuse('crowded');
    change(this.present, caller, 1);
    try {
      if (this.atWork < atOnce) this.begin(caller);
      else if (!(await this.wait(caller, longestWaitSeconds))) throw refuse('too-long');
      try {
        return await work();
      } finally {
        this.end(caller);
      }
    } finally {
      change(this.present, caller, -1);
    }
  }

  /** Whether the turn came in time. */
  private wait(caller: string, seconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter = {
        caller,
        begin: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        resolve(false);
      }, seconds * 1_000);
      this.waiters.push(waiter);
    });
  }

  private begin(caller: string): void {
    this.atWork += 1;
    change(this.working, caller, 1);
  }

  private end(caller: string): void {
    this.atWork -= 1;
    change(this.working, caller, -1);
    while (this.waiters.length > 0 && this.atWork < this.limits().atOnce) {
      const [next] = this.waiters.splice(this.nextPlace(), 1);
      if (next === undefined) return;
      this.begin(next.caller);
      next.begin();
    }
  }

  private nextPlace(): number {
    const busyness = this.waiters.map(({ caller }) => this.working.get(caller) ?? 0);
    return busyness.indexOf(Math.min(...busyness));
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
