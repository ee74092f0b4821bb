import type { Bar, Candidate, Decision } from '../decisions/decision.js';
import { eligible } from '../task-queues/eligible.js';
import type { Head } from '../task-queues/shares.js';
import { compareInTurn, type EntityQueues, type WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import type { Claimer } from './claimer.js';
import type { KeptPilot, KeptPilots } from './kept-pilots.js';

/** Candidates that a decision keeps before the chosen one, and pilots that were kept free for them. */
const mostKept = 100;
const all = (): boolean => true;

/** What one choice found out about a queue that it passed over. */
export interface Passed {
  bar: Bar | null;
  limits?: readonly string[];
  /** For how long its head had been the same (ms), where that was asked. */
  waited?: number;
}

/** Sees one choice of a claim whose decision is kept. */
export class Witness {
  private readonly passed = new Map<WaitingQueue, Passed>();
  private readonly patience: number;
  private readonly pilots: readonly KeptPilot[];

  constructor(
    private readonly claimer: Claimer,
    kept: KeptPilots | null,
  ) {
    this.patience = kept?.patience ?? Infinity;
    this.pilots = kept?.all() ?? [];
  }

  /** A queue whose turn it was is passed over. */
  passes(queue: WaitingQueue, what: Passed): void {
    const before = this.passed.get(queue);
    // A queue for which the pilot was kept is met again in its turn: what barred it then still counts.
    if (before !== undefined) this.passed.set(queue, what.bar === null ? { ...what, ...before } : what);
    else if (this.passed.size < mostKept) this.passed.set(queue, what);
  }

  /**
   * The choice as a whole: queues from whose turn it is to the chosen one, with the values by which they stand in order.
   * Those that were looked at come first into what is kept, then those whose turn it is first. Before the job is taken.
   */
  decision(queues: WaitingQueues, chosen: WaitingQueue): Decision {
    const { stamp, vo, site, ce, place, free, whole = free, owner: ownerOnly, separates } = this.claimer;
    const before = this.before(queues, chosen);
    const candidates = [...before, chosen].map((queue) => this.candidate(queues, queue, queue === chosen));
    const ids = new Set(candidates.map(({ queue }) => queue));
    const pilots = this.pilots.filter(({ queue, until }) => until > 0 && ids.has(queue));
    const own = this.pilots.find((pilot) => pilot.stamp === stamp);
    const offer = { stamp, vo, site, ce, place, free, whole, ownerOnly, separates };
    return {
      ...offer,
      candidates,
      leftOut: Math.max(0, numberBefore(queues, chosen) - before.length),
      requirements: Object.fromEntries([...before, chosen].map((queue) => [queue.classId, queue.requirements])),
      kept: {
        patience: this.patience,
        own: own === undefined ? null : { queue: own.queue, until: own.until, freeUntil: own.freeUntil },
        pilots: pilots.slice(0, mostKept).map(({ stamp: one, queue }) => ({ stamp: one, queue })),
        leftOut: Math.max(0, pilots.length - mostKept),
      },
      chosen: { queue: chosen.id, job: chosen.headJob },
    };
  }

  private before(queues: WaitingQueues, chosen: WaitingQueue): WaitingQueue[] {
    const before = new Set([...this.passed.keys()].filter((queue) => compareInTurn(queue, chosen) < 0));
    for (const queue of inOrder(queues, chosen.vo)) {
      if (queue === chosen || before.size >= mostKept) break;
      before.add(queue);
    }
    return [...before].toSorted(compareInTurn);
  }

  private candidate(queues: WaitingQueues, queue: WaitingQueue, isChosen: boolean): Candidate {
    const { id, classId, group, ownerSubject, owner, requirements, headPriority, headJob, standing } = queue;
    const { bar = null, limits = [], waited = queues.waited(queue) } = this.passed.get(queue) ?? {};
    const keptPilots = this.pilots.filter((pilot) => pilot.queue === id && pilot.until > 0).length;
    const turn = { vo: queues.order.turnOf(queue).vo, group: standing.group.turn, owner: standing.turn };
    const { owner: ownerOnly, place, free } = this.claimer;
    const isForeign = ownerOnly !== null && ownerSubject !== '' && ownerSubject !== ownerOnly;
    const mismatch = isChosen ? null : (eligible(requirements, place, free) ?? (isForeign ? 'owner' : null));
    const whose = { queue: id, classId, group, ownerSubject, owner, headPriority, headJob, turn };
    return { ...whose, waited, knownJobs: queue.ahead.length, keptPilots, mismatch, bar, limits: [...limits] };
  }
}

/** The same decision when another job of the queue was taken than the one that stood first. */
export function chose(decision: Decision, { headJob, headPriority }: Head): Decision {
  const { queue } = decision.chosen;
  const candidates = decision.candidates.map((one) => (one.queue === queue ? { ...one, headJob, headPriority } : one));
  return { ...decision, candidates, chosen: { queue, job: headJob } };
}

function* inOrder(queues: WaitingQueues, vo: string): Generator<WaitingQueue> {
  for (const { owners } of queues.order.groupsOf(vo)) {
    for (let one = owners.from(null, all); one !== undefined; one = owners.after(one, all)) {
      const of = one.queues;
      for (let queue = of.from(null, all); queue !== undefined; queue = of.after(queue, all)) yield queue;
    }
  }
}

/** How many queues stand before this one. Looks at share entities, not at queues. */
function numberBefore(queues: WaitingQueues, chosen: WaitingQueue): number {
  let number = chosen.standing.queues.numberBefore(chosen);
  for (const group of queues.order.groupsOf(chosen.vo)) {
    const isLast = group === chosen.standing.group;
    const { owners } = group;
    for (let one: EntityQueues | undefined = owners.from(null, all); one !== undefined; one = owners.after(one, all)) {
      if (one === chosen.standing) break;
      number += one.queues.size;
    }
    if (isLast) break;
  }
  return number;
}
