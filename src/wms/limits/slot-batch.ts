import type { Transaction } from '../../platform/index.js';
import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Claimer, Given } from '../matching/claimer.js';
import type { Gate } from '../matching/gate.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { FullLimits } from './full-limits.js';
import type { Limit } from './limit.js';
import type { LimitKeys } from './limit-keys.js';
import type { QueueLimits } from './queue-limits.js';
import { type Slot, type SlotOrder, SlotStock } from './slot-stock.js';
import { shortages, takeSlots, type Use, useSlots } from './take-slots.sql.js';

/** A slot of a limit on what runs becomes free when it is told; without, one looks again after so many seconds. */
const lookAgainAfter = 5;
const lookAgainSoon = 0.2;
const longestWait = 60;

type Place = Pick<Claimer, 'site' | 'ce'>;

/** What holds when a batch begins. */
export interface LimitsInForce {
  limits: QueueLimits;
  keys: LimitKeys;
  full: FullLimits;
  /** When it began (milliseconds since 1970). */
  since: number;
}

/** The limits of one batch of claims: slots taken in its transaction, given to the jobs that it gives. */
export class SlotBatch implements Gate {
  private readonly limits: QueueLimits;
  private readonly keys: LimitKeys;
  private readonly full: FullLimits;
  private readonly since: number;
  private readonly stock: SlotStock;
  private readonly held = new Map<string, number[]>();
  private readonly served = new Set<string>();
  private readonly refused = new Map<string, Set<string>>();
  /** By which limits that was. */
  private readonly refusedBecause = new Map<string, Set<string>>();
  /** Queues that had to be passed over, by the limit; and the seconds until it is worth looking again. */
  private readonly blocked = new Map<string, Set<number>>();
  private readonly seconds = new Map<string, number>();

  constructor(
    private readonly tx: Transaction,
    { limits, keys, full, since }: LimitsInForce,
  ) {
    this.limits = limits;
    this.keys = keys;
    this.full = full;
    this.since = since;
    this.stock = new SlotStock({ take: (orders) => this.fetch(orders) });
  }

  admits(queue: WaitingQueue, place: Place): boolean {
    return this.areFree(this.limits.of(queue, place), queue.id) && !this.full.isFull(others(queue, place));
  }

  refusedOwners(queue: WaitingQueue, place: Place): ReadonlySet<string> | null {
    if (!this.limits.isPerJob(queue)) return null;
    const at = others(queue, place);
    const known = this.refused.get(at);
    if (known !== undefined) return known;
    const refused = new Set(this.knownToBeFull(queue, place));
    this.refused.set(at, refused);
    return refused;
  }

  take(queue: WaitingQueue, claimer: Claimer, job?: ClaimableJob): 'granted' | 'lacking' | 'full' {
    const limits = this.limitsOf(queue, claimer, job);
    if (!this.areFree(limits, queue.id)) {
      if (job !== undefined) this.refuse(queue, claimer, job.owner_subject, this.fullOf(limits));
      return 'full';
    }
    if (!this.stock.take(limits)) {
      this.stock.order(limits, job === undefined ? mostOf(queue, claimer) : 1);
      return 'lacking';
    }
    this.served.add(others(queue, claimer));
    return 'granted';
  }

  refusedBy(queue: WaitingQueue, claimer: Claimer): string[] {
    const full = this.fullOf(this.limits.of(queue, claimer));
    if (!this.limits.isPerJob(queue)) return full;
    const owners = this.fullOwners(queue, claimer).map(({ key }) => key);
    return [...new Set([...full, ...owners, ...(this.refusedBecause.get(others(queue, claimer)) ?? [])])];
  }

  back(queue: WaitingQueue, claimer: Claimer, job?: ClaimableJob): void {
    this.stock.back(this.limitsOf(queue, claimer, job));
  }

  restock(): Promise<boolean> {
    return this.stock.restock();
  }

  /** Gives the slots to the attempts that the jobs got, whose leases stand; slots come last in the order of locks. */
  async use(claimers: readonly Claimer[]): Promise<void> {
    const uses = claimers.flatMap((claimer) => claimer.given.flatMap((given) => this.usesOf(claimer, given)));
    if (uses.length > 0) await useSlots(this.tx, uses);
  }

  /** Remembers what had no free slot; to be called after the commit. */
  remember(): void {
    for (const { key } of this.stock.exhausted()) {
      const queues = [...(this.blocked.get(key) ?? [])];
      this.full.fill(key, { since: this.since, seconds: this.seconds.get(key) ?? lookAgainAfter, queues });
    }
    for (const [queueAtPlace, { size }] of this.refused) {
      if (size > 0 && !this.served.has(queueAtPlace))
        this.full.fill(queueAtPlace, { since: this.since, seconds: lookAgainAfter, queues: [] });
    }
  }

  private usesOf(claimer: Claimer, { queue, job }: Given): Use[] {
    const limits = this.limitsOf(queue, claimer, this.limits.isPerJob(queue) ? job : undefined);
    return this.stock.use(limits).map((slot) => ({ slot, jobId: job.job_id, attempt: job.attempt + 1 }));
  }

  private limitsOf(queue: WaitingQueue, place: Place, job: ClaimableJob | undefined): Limit[] {
    if (job === undefined) return this.limits.of(queue, place);
    return this.limits.ofOwner(queue, place, { owner: job.owner, subject: job.owner_subject });
  }

  private areFree(limits: readonly Limit[], queue: number): boolean {
    for (const limit of limits) {
      if (this.isFree(limit)) continue;
      this.full.passedOver(limit.key, queue);
      const queues = this.blocked.get(limit.key) ?? new Set();
      this.blocked.set(limit.key, queues.add(queue));
      return false;
    }
    return true;
  }

  private isFree(limit: Limit): boolean {
    return !this.full.isFull(limit.key) && this.stock.mayHave([limit]);
  }

  private fullOf(limits: readonly Limit[]): string[] {
    return limits.flatMap((limit) => (this.isFree(limit) ? [] : [limit.key]));
  }

  private knownToBeFull(queue: WaitingQueue, place: Place): string[] {
    return this.fullOwners(queue, place).map(({ key, subject }) => {
      this.full.passedOver(key, queue.id);
      return subject;
    });
  }

  private fullOwners(queue: WaitingQueue, place: Place): { key: string; subject: string }[] {
    return this.full.owners().filter(({ key, owner, subject }) => {
      return this.limits.ofOwner(queue, place, { owner, subject }).some((limit) => limit.key === key);
    });
  }

  private refuse(queue: WaitingQueue, place: Place, subject: string, because: readonly string[]): void {
    const at = others(queue, place);
    this.refused.set(at, (this.refused.get(at) ?? new Set()).add(subject));
    this.refusedBecause.set(at, new Set([...(this.refusedBecause.get(at) ?? []), ...because]));
  }

  private async fetch(orders: readonly SlotOrder[]): Promise<Slot[][]> {
    const taken = await this.takeOf(orders.map(({ limit, count }) => ({ limit, count, slots: count })));
    const short = orders.flatMap(({ limit, count }, index) => {
      const missing = count - (taken[index]?.length ?? 0);
      const slots = this.keys.slotsOf(limit.key);
      return missing > 0 && slots < limit.maximum ? [{ index, limit, count: missing, slots: slots + missing }] : [];
    });
    const more = await this.takeOf(short);
    for (const [at, { index }] of short.entries()) taken[index]?.push(...(more[at] ?? []));
    await this.noteShortage(orders.filter(({ count }, index) => (taken[index]?.length ?? 0) < count));
    return taken;
  }

  private async takeOf(orders: readonly (SlotOrder & { slots: number })[]): Promise<Slot[][]> {
    if (orders.length === 0) return [];
    const known = await this.keys.find(orders);
    const wishes = orders.map(({ limit, count }) => {
      const key = known.get(limit.key);
      if (key === undefined) throw new Error(`The key ${limit.key} was not made`);
      return { limit, limitId: key.limitId, count, held: this.held.get(limit.key) ?? [] };
    });
    const taken = await takeSlots(this.tx, wishes);
    for (const { limit, number } of taken.flat()) {
      const held = this.held.get(limit.key) ?? [];
      held.push(number);
      this.held.set(limit.key, held);
    }
    return taken;
  }

  private async noteShortage(orders: readonly SlotOrder[]): Promise<void> {
    const known = await this.keys.find(orders.map(({ limit }) => ({ limit, slots: 0 })));
    const limits = new Map(orders.map(({ limit }) => [known.get(limit.key)?.limitId ?? 0, limit]));
    const short = await shortages(this.tx, limits);
    for (const { limit } of orders) {
      const { key, maximum } = limit;
      const { limitId, slots } = known.get(key) ?? { limitId: 0, slots: 0 };
      const found = short.get(limitId);
      if (found === undefined || found.slots < Math.min(slots, maximum)) {
        // Its rule had gone or was lowered, and is back: the rows are made again.
        this.keys.forget(key);
        this.seconds.set(key, lookAgainSoon);
      } else if (found.seconds !== null) {
        this.seconds.set(key, Math.max(lookAgainSoon, Math.min(found.seconds, longestWait)));
      }
    }
  }
}

/** No more than this will be asked for of a queue by a claim. */
function mostOf({ requirements: { wholeNode, minProcessors } }: WaitingQueue, { wants, free }: Claimer): number {
  return wholeNode ? 1 : Math.max(1, Math.min(wants, Math.floor(free.processors / minProcessors)));
}

/** Names the jobs in a queue of several owners that are left at a place when the limits of some owners are full. */
function others(queue: WaitingQueue, { site, ce }: Place): string {
  return `${queue.id} ${site} ${ce}`;
}
