import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Free } from '../task-queues/capability.js';
import { fitsNow } from '../task-queues/eligible.js';
import type { Requirements } from '../task-queues/requirements.js';
import { compareHeads, type Head, type NamedEntity, type Turn } from '../task-queues/shares.js';
import { addTo, chargeOf, type Use } from '../task-queues/share-use.js';
import type { WaitingQueue } from '../task-queues/task-queue-index.js';
import { ShareOrder } from './share-order.js';
import type { Stock } from './stock.js';

/** Cores, MB and GPUs out of an offer. */
export interface Grant {
  processors: number;
  memory: number;
  gpus: number;
}

/** A job that a claimer gets, and what of the offer goes with it. */
export interface Given extends Grant {
  job: ClaimableJob;
}

/** A pilot that asks for jobs, while its claim is being filled. */
export interface Claimer {
  candidates: readonly WaitingQueue[];
  /** What is left of the offer. */
  free: Free;
  /** How many jobs it still takes. */
  wants: number;
  /** Whose jobs it may run only; null when it separates payloads or serves nobody yet. */
  owner: string | null;
  /** Whether it separates payloads, so that it may serve several owners. */
  separates: boolean;
  given: Given[];
}

/** How whose turn it is follows from use that is planned but not written yet. */
export type TurnsWith = (planned: ReadonlyMap<string, number>) => (entity: NamedEntity) => Turn;

/** More rounds than a batch ever needs; what is still missing then is found by the next claim. */
const largestRounds = 12;

/**
 * Fills claims that arrived together, in their order of arrival: each picks job by job in share order and packs into
 * what is left of its offer. Each round decides with the jobs at hand and then fetches what was lacking. Returns the
 * use that the claims add to the shares.
 */
export async function distribute(claimers: readonly Claimer[], stock: Stock, turnsWith: TurnsWith): Promise<Use[]> {
  const uses: Use[] = [];
  const charged = new Map<string, number>();
  for (let round = 0; round < largestRounds; round += 1) {
    const plan = new Plan(new Map(charged), turnsWith);
    for (const claimer of claimers) {
      for (const { queue, given } of fill(claimer, stock, plan)) {
        const used = chargeOf(queue.requirements, given.processors);
        uses.push({ entity: queue, used });
        addTo(charged, queue, used);
      }
    }
    if (!(await stock.restock())) break;
  }
  return uses;
}

/** One round's use of shares, planned beyond what is given, and the order of turns that follows from it. */
class Plan {
  private readonly orders = new Map<readonly WaitingQueue[], { order: ShareOrder<EntityQueues>; upTo: number }>();
  private readonly grown: WaitingQueue[] = [];
  private readonly turnOf: (entity: NamedEntity) => Turn;

  constructor(
    private readonly planned: Map<string, number>,
    turnsWith: TurnsWith,
  ) {
    this.turnOf = turnsWith(planned);
  }

  /** A job of this queue is to be executed on so many cores. */
  add(queue: WaitingQueue, processors: number): void {
    addTo(this.planned, queue, chargeOf(queue.requirements, processors));
    this.grown.push(queue);
  }

  /** The share entities of these candidates, whose turn it is first. */
  entitiesOf(candidates: readonly WaitingQueue[]): Iterable<EntityQueues> {
    const known = this.orders.get(candidates);
    if (known === undefined) {
      const order = new ShareOrder(entitiesOf(candidates), this.turnOf);
      this.orders.set(candidates, { order, upTo: this.grown.length });
      return order.inOrder();
    }
    for (; known.upTo < this.grown.length; known.upTo += 1) {
      const queue = this.grown[known.upTo];
      if (queue !== undefined) known.order.grown(queue);
    }
    return known.order.inOrder();
  }
}

/** Gives jobs at hand until the claimer has enough or its next one must be fetched first, which it orders. */
function fill(claimer: Claimer, stock: Stock, plan: Plan): { queue: WaitingQueue; given: Given }[] {
  const filled: { queue: WaitingQueue; given: Given }[] = [];
  while (claimer.wants > 0) {
    const queue = pick(claimer, stock, plan);
    if (queue === null) break;
    const grant = grantOf(queue.requirements, claimer.free);
    plan.add(queue, grant.processors);
    const job = stock.take(queue, rowOwner(claimer, queue));
    if (job === undefined) {
      stock.order(queue, rowOwner(claimer, queue), largestNumber(claimer, queue.requirements));
      break;
    }
    const given = { job, ...grant };
    give(claimer, given);
    filled.push({ queue, given });
  }
  return filled;
}

/** The queue whose turn it is, among those that fit what is left: the first share entity that has one, then its best head. */
function pick(claimer: Claimer, stock: Stock, plan: Plan): WaitingQueue | null {
  for (const { entity, queues } of plan.entitiesOf(claimer.candidates)) {
    if (!serves(claimer, entity)) continue;
    const best = bestOf(queues, claimer, stock);
    if (best !== null) return best;
  }
  return null;
}

function bestOf(queues: readonly WaitingQueue[], claimer: Claimer, stock: Stock): WaitingQueue | null {
  let best: { queue: WaitingQueue; head: Head } | null = null;
  for (const queue of queues) {
    if (fitsNow(queue.requirements, claimer.free) !== null) continue;
    const head = stock.next(queue, rowOwner(claimer, queue));
    if (head !== null && (best === null || compareHeads(head, best.head) < 0)) best = { queue, head };
  }
  return best?.queue ?? null;
}

interface EntityQueues {
  entity: NamedEntity;
  queues: WaitingQueue[];
}
/** Lists of candidates are made once per signature and version of the index, and so is their grouping. */
const grouped = new WeakMap<readonly WaitingQueue[], EntityQueues[]>();

function entitiesOf(candidates: readonly WaitingQueue[]): EntityQueues[] {
  const known = grouped.get(candidates);
  if (known !== undefined) return known;
  const entities = new Map<string, EntityQueues>();
  for (const queue of candidates) {
    const { vo, group, ownerSubject } = queue;
    const key = JSON.stringify([vo, group, ownerSubject]);
    const of = entities.get(key) ?? { entity: queue, queues: [] };
    of.queues.push(queue);
    entities.set(key, of);
  }
  const list = [...entities.values()];
  grouped.set(candidates, list);
  return list;
}

function serves({ owner }: Claimer, { ownerSubject }: NamedEntity): boolean {
  return ownerSubject === '' || owner === null || ownerSubject === owner;
}

/** The queue of one owner needs no check of its rows; the queue of a JobSharing group holds jobs of several owners. */
function rowOwner(claimer: Claimer, queue: WaitingQueue): string | null {
  return queue.ownerSubject === '' ? claimer.owner : null;
}

function give(claimer: Claimer, given: Given): void {
  claimer.given.push(given);
  claimer.wants -= 1;
  claimer.free = {
    ...claimer.free,
    processors: claimer.free.processors - given.processors,
    memory: claimer.free.memory - given.memory,
    gpus: claimer.free.gpus - given.gpus,
    idle: false,
  };
  if (!claimer.separates) claimer.owner = given.job.owner_subject;
}

/** What a job is granted: up to the cores that it can use; a whole node gets all there is. */
export function grantOf(requirements: Requirements, free: Free): Grant {
  if (requirements.wholeNode) return { processors: free.processors, memory: free.memory, gpus: free.gpus };
  return {
    processors: Math.min(requirements.maxProcessors, free.processors),
    memory: requirements.minRam,
    gpus: requirements.gpus,
  };
}

function largestNumber({ wants, free }: Claimer, requirements: Requirements): number {
  if (requirements.wholeNode) return 1;
  return Math.max(1, Math.min(wants, Math.floor(free.processors / requirements.minProcessors)));
}
