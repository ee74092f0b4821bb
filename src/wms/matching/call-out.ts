import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import { CohortRests } from './cohort-rests.js';
import type { Cohorts } from './cohorts.js';

/** What came of a claim that was called for: jobs; nothing; or nobody was there any more to make it. */
export type ClaimOutcome = 'got' | 'nothing' | 'absent';

/** A waiter was called and owes the outcome. Settling it twice counts once. */
export type Ticket = (outcome: ClaimOutcome) => void;

/** Who can be called: it makes a claim, and tells the outcome. */
export interface Callable {
  call(ticket: Ticket): void;
}

/** As many are out for one queue at most. */
const widest = 256;
/** From so many known jobs on there may be any number: the index reads no further ahead than about that. */
const many = 8;
/** After so long (ms) without anything given, there may be as few jobs as are known. */
const lull = 1_000;
/** So many fruitless claims, and the queue waits for its next news (5 s at most). */
const tries = 16;
/** A queue of which nothing was heard for so long is forgotten (ms). */
const longestSilence = 120_000;

/** What the {@link CallOut} has to know besides. */
export interface CallOutWorld {
  /** The queue as it is known now; undefined when it is empty. */
  find(queue: number): WaitingQueue | undefined;
  /** Whether limits may let a job of the queue run there, as far as is known. */
  mayRun(queue: WaitingQueue, place: { site: string; ce: string }): boolean;
}

/** The claims that were called for because jobs wait in one queue. */
interface Chain {
  out: number;
  /** How many may be out at once: doubles with each claim that got something; 0 after one that got nothing. */
  width: number;
  /** When a claim got something last. */
  got: number;
  /** Fruitless claims since the last news. */
  fruitless: number;
  head: number;
  /** When its head became another, or it was said that its jobs can be had again. */
  changed: number;
  heard: number;
}

/**
 * Calls about as many waiters as there are jobs, longest waiting first. How many jobs there are nobody knows exactly: so
 * one is called, or as many as the index knows; while they get something and more is left, twice as many follow. A claim
 * that finds jobs and gets none (a limit is reached) makes its cohort rest, see {@link CohortRests}. Time (ms) is passed in.
 */
export class CallOut<Waiter extends Callable> {
  private readonly chains = new Map<number, Chain>();
  private readonly rests = new CohortRests();

  constructor(
    private readonly cohorts: Cohorts<Waiter>,
    private readonly world: CallOutWorld,
    private readonly now: () => number,
  ) {}

  /** Jobs wait in these queues. */
  news(queues: readonly WaitingQueue[]): void {
    const admitted = new Map<string, Map<unknown, boolean>>();
    for (const queue of queues) {
      const { vo, requirements } = queue;
      if (!queue.listed) continue;
      const ofVo = admitted.get(vo) ?? new Map<unknown, boolean>();
      admitted.set(vo, ofVo);
      // Of a class that fits nobody, no queue needs a look; classes are few, queues may be many.
      const admits = ofVo.get(requirements) ?? this.cohorts.admits(queue);
      ofVo.set(requirements, admits);
      if (!admits) continue;
      const chain = this.chainOf(queue);
      chain.fruitless = 0;
      if (chain.out === 0 && this.now() - chain.got > lull) chain.width = 1;
      this.send(queue, chain);
    }
  }

  /**
   * Somebody came who is served by this queue. Unless enough are called for it, the next one is, and who came itself if all
   * others rest; answers whether anybody was.
   */
  seek(queue: WaitingQueue, comer: Waiter): boolean {
    const chain = this.chainOf(queue);
    const { out } = chain;
    if (queue.ahead.length === 0) return false;
    this.send(queue, chain);
    if (chain.out > out) return true;
    if (out > 0) return false;
    const cohort = this.cohorts.takeOut(comer);
    if (cohort === null) return false;
    chain.out += 1;
    comer.call(this.ticket(queue, chain, cohort));
    return true;
  }

  /** Jobs of these queues may be had again by those who got none. */
  refreshed(queues: readonly number[]): void {
    for (const id of queues) {
      const chain = this.chains.get(id);
      if (chain !== undefined) chain.changed = this.now();
    }
  }

  /** Everything may have changed for everybody. */
  allRefreshed(): void {
    this.rests.clear();
  }

  /** Forgets what is over. */
  tidy(): void {
    const now = this.now();
    this.rests.tidy(now);
    for (const [id, { out, heard }] of this.chains)
      if (out === 0 && heard < now - longestSilence) this.chains.delete(id);
  }

  private send(queue: WaitingQueue, chain: Chain): void {
    const wanted = wantedFor(chain, queue);
    const now = this.now();
    while (chain.out < wanted) {
      const taken = this.cohorts.take(
        queue,
        (cohort) => this.rests.includes(cohort, now, chain.changed) || !this.world.mayRun(queue, cohort.standing),
      );
      if (taken === null) return;
      chain.out += 1;
      taken.waiter.call(this.ticket(queue, chain, taken.cohort));
    }
  }

  private ticket({ id, headJob }: WaitingQueue, chain: Chain, cohort: object): Ticket {
    let open = true;
    return (outcome) => {
      if (!open) return;
      open = false;
      chain.out -= 1;
      const queue = this.world.find(id);
      if (outcome === 'got') {
        chain.width = Math.min(widest, Math.max(1, chain.width * 2));
        chain.got = this.now();
        this.rests.end(cohort);
      } else if (outcome === 'nothing') {
        chain.width = 0;
        chain.fruitless += 1;
        // Somebody else was quicker, if the head is another one now.
        if (queue?.ahead[0]?.headJob === headJob) this.rests.fruitless(cohort, this.now());
      }
      if (queue !== undefined && chain.fruitless < tries) this.send(queue, this.chainOf(queue));
    };
  }

  private chainOf({ id, headJob }: WaitingQueue): Chain {
    const now = this.now();
    let chain = this.chains.get(id);
    if (chain === undefined) {
      chain = { out: 0, width: 1, got: 0, fruitless: 0, head: headJob, changed: now, heard: now };
      this.chains.set(id, chain);
    }
    if (chain.head !== headJob) Object.assign(chain, { head: headJob, changed: now });
    chain.heard = now;
    return chain;
  }
}

/** Of a queue of which no job is known now, the look that is under way will tell. */
function wantedFor({ width }: Chain, { ahead, complete }: WaitingQueue): number {
  const known = ahead.length;
  if (width === 0) return Math.min(1, known);
  return Math.min(widest, complete || known < many ? known : Math.max(known, width));
}
