import type { Decision } from '../decisions/decision.js';
import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Free } from '../task-queues/capability.js';
import type { Requirements } from '../task-queues/requirements.js';
import { chargeOf } from '../task-queues/share-keys.js';
import type { Turn } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import { type Claimer, type Grant, grantOf } from './claimer.js';
import type { Gate } from './gate.js';
import type { KeptPilots } from './kept-pilots.js';
import type { Owners, Stock, TakenJob } from './stock.js';
import { chose, type Passed, Witness } from './witness.js';

interface Slot extends Grant, TakenJob {
  turn: Turn;
  decision: Decision | undefined;
}

/** One claim while it is filled: what it has taken, confirmed by the database or not yet. */
export class Filling {
  private slots: Slot[] = [];
  /** Use that counts only until what was ordered has come. */
  private tentative: { queue: WaitingQueue; used: number }[] = [];
  /** Sees the first choice, where that is to be kept. */
  private witness: Witness | null = null;
  private readonly bound: string | null;
  private readonly idle: boolean;

  private readonly stock: Stock;
  private readonly gate: Gate;
  private readonly kept: KeptPilots | null;

  constructor(
    private readonly claimer: Claimer,
    { stock, gate, kept }: { stock: Stock; gate: Gate; kept: KeptPilots | null },
  ) {
    this.stock = stock;
    this.gate = gate;
    this.kept = kept;
    this.bound = claimer.owner;
    this.idle = claimer.free.idle;
  }

  /** Takes jobs until the claimer has enough, nothing fits any more, or the next one must be fetched first. */
  fill(): 'done' | 'waits' {
    while (this.claimer.wants > 0) {
      // Whose job it is decides whom the pilot serves; that is known with the row.
      if (!this.claimer.separates && this.claimer.owner === null && this.slots.length > 0) return 'waits';
      const queue = this.pick();
      if (queue === null) return 'done';
      if (queue === 'lacking') return 'waits';
      if (this.take(queue) === 'lacking') return 'waits';
    }
    return 'done';
  }

  /** Drops what was taken but is gone. True when there was any, so that the claimer may pick again. */
  confirm(): boolean {
    for (const { queue, used } of this.tentative) this.stock.queues.order.plan(queue, -used);
    this.tentative = [];
    for (const slot of this.slots) slot.job ??= this.stock.rowOf(slot.head);
    const lost = this.slots.filter(({ job }) => job === undefined);
    this.slots = this.slots.filter(({ job }) => job !== undefined);
    for (const slot of lost) this.release(slot);
    const [first] = this.slots;
    if (this.slots.length === 0) this.claimer.free = { ...this.claimer.free, idle: this.idle };
    if (!this.claimer.separates) this.claimer.owner = this.bound ?? first?.job?.owner_subject ?? null;
    return lost.length > 0;
  }

  /** The claimer gets what is confirmed. */
  finish(): void {
    for (const { job, queue, turn, processors, memory, gpus, decision } of this.slots) {
      if (job === undefined) continue;
      this.claimer.given.push({ job, queue, turn, processors, memory, gpus, ...(decision && { decision }) });
    }
  }

  /** The batch came to nothing. */
  undo(): void {
    for (const { queue, used } of this.tentative) this.stock.queues.order.plan(queue, -used);
    for (const slot of this.slots) this.release(slot);
    this.tentative = [];
    this.slots = [];
  }

  /** The queue whose turn it is, among those that fit what is left. */
  private pick(): WaitingQueue | 'lacking' | null {
    const { claimer } = this;
    const isSeen = claimer.keepsDecision === true && this.slots.length === 0;
    this.witness = isSeen ? new Witness(claimer, this.kept) : null;
    for (const queue of this.fitting()) {
      const passes = this.passes(queue);
      if (passes === 'granted') return queue;
      if (passes === 'lacking') return passes;
      this.witness?.passes(queue, this.whatBars(queue));
    }
    return null;
  }

  private passes(queue: WaitingQueue): 'granted' | 'lacking' | 'full' {
    const { claimer, gate } = this;
    if (!this.isThere(queue)) return 'full';
    if (this.looksAtJobs(queue)) return gate.admits(queue, claimer) ? 'granted' : 'full';
    return gate.take(queue, claimer);
  }

  /**
   * The queues that fit what is left, in the order of their turns. It ends where the pilot is kept free for a job that has
   * waited long and fits the place, but not what is free.
   */
  private *fitting(): Generator<WaitingQueue> {
    const { claimer, kept } = this;
    const { vo, place, free, owner, stamp } = claimer;
    const { queues } = this.stock;
    const signature = queues.signature(place, free);
    const { whole = free } = claimer;
    if (kept === null || !isMore(whole, free)) return yield* queues.inTurn(vo, signature, owner);
    const wholeSignature = queues.signature(place, whole);
    const fits = queues.classes.fitting(signature);
    const first = queues.get(kept.queueOf(stamp) ?? -1);
    const isPossible =
      first !== undefined && mayServe(first, owner) && queues.classes.fitting(wholeSignature).has(first.ordinal);
    if (isPossible && this.mayGo(first)) {
      if (fits.has(first.ordinal)) yield first;
      return;
    }
    if (isPossible) this.witness?.passes(first, this.whatBars(first));
    kept.release(stamp);
    // Where nothing fits there is nothing to keep it from.
    if (fits.isEmpty) return;
    let passed = 0;
    for (const queue of queues.inTurn(vo, wholeSignature, owner)) {
      if (fits.has(queue.ordinal)) yield queue;
      else if (passed === mostPassed) return yield* queues.inTurn(vo, signature, owner);
      else {
        passed += 1;
        if (this.isKeptFor(queue, kept)) return;
      }
    }
  }

  /** Keeps the pilot free for a queue that fits its place, but not now, if the queue has waited long. */
  private isKeptFor(queue: WaitingQueue, kept: KeptPilots): boolean {
    const waited = this.stock.queues.waited(queue);
    const mayGo = waited >= kept.patience && this.mayGo(queue);
    if (mayGo && kept.keep(this.claimer.stamp, queue)) return true;
    const isBarred = waited >= kept.patience && !mayGo;
    this.witness?.passes(queue, { ...(isBarred ? this.whatBars(queue) : { bar: null }), waited });
    return false;
  }

  /** What has kept a queue from this claimer beside its requirements, for the record. */
  private whatBars(queue: WaitingQueue): Passed {
    const { claimer, stock } = this;
    if (claimer.admits?.(queue) === false) return { bar: 'status' };
    const owners = this.ownersOf(queue);
    const limits = this.gate.refusedBy(queue, claimer);
    if (stock.mayHave(queue, owners, claimer.avoids)) return { bar: 'limit', limits };
    if (stock.mayHave(queue, owners)) return { bar: 'avoided' };
    // Where some owners are refused, their jobs may be left.
    const anybody = owners === null || owners.only === null ? null : { only: owners.only, not: nobody };
    return limits.length > 0 && stock.mayHave(queue, anybody) ? { bar: 'limit', limits } : { bar: 'taken' };
  }

  private isThere(queue: WaitingQueue): boolean {
    const { admits, avoids } = this.claimer;
    return admits?.(queue) !== false && this.stock.mayHave(queue, this.ownersOf(queue), avoids);
  }

  private mayGo(queue: WaitingQueue): boolean {
    return this.isThere(queue) && this.gate.admits(queue, this.claimer);
  }

  /** `lacking`: the job, or what it needs, must be fetched first. `full`: not this job; somebody else's may do. */
  private take(queue: WaitingQueue): 'taken' | 'lacking' | 'full' {
    const { claimer, stock } = this;
    const { order } = stock.queues;
    const owners = this.ownersOf(queue);
    const asksWithJob = this.looksAtJobs(queue);
    const job = owners === null ? undefined : stock.peek(queue, owners, claimer.avoids);
    const passes = asksWithJob && job !== undefined ? this.gate.take(queue, claimer, job) : 'granted';
    if (passes !== 'granted') return passes;
    const turn = order.turnOf(queue);
    const grant = grantOf(queue.requirements, claimer.free);
    const used = chargeOf(queue.requirements, grant.processors);
    const decision = this.witness?.decision(stock.queues, queue);
    const taken = stock.take(queue, owners, claimer.avoids);
    order.plan(queue, used);
    if (taken === undefined) {
      if (!asksWithJob) this.gate.back(queue, claimer);
      this.tentative.push({ queue, used });
      // Enough to see behind what it avoids.
      const count = largestNumber(claimer, queue.requirements) + (claimer.avoids?.size ?? 0);
      stock.order(queue, owners, count);
      return 'lacking';
    }
    this.slots.push({ ...taken, ...grant, turn, decision: decision && chose(decision, taken.head) });
    if (this.kept?.queueOf(claimer.stamp) === queue.id) this.kept.release(claimer.stamp);
    claimer.wants -= 1;
    this.changeFree(grant, -1);
    if (!claimer.separates) claimer.owner = this.bound ?? ownerOf(queue, taken.job);
    return 'taken';
  }

  private release({ queue, job, processors, memory, gpus }: Slot): void {
    this.gate.back(queue, this.claimer, this.looksAtJobs(queue) ? job : undefined);
    this.stock.queues.order.plan(queue, -chargeOf(queue.requirements, processors));
    this.claimer.wants += 1;
    this.changeFree({ processors, memory, gpus }, 1);
  }

  private changeFree(grant: Grant, by: 1 | -1): void {
    const { free } = this.claimer;
    this.claimer.free = {
      ...free,
      processors: free.processors + by * grant.processors,
      memory: free.memory + by * grant.memory,
      gpus: free.gpus + by * grant.gpus,
      idle: false,
    };
  }

  /** The queue of one owner needs no check of its rows; the queue of a JobSharing group holds jobs of several owners. */
  private ownersOf(queue: WaitingQueue): Owners | null {
    if (queue.ownerSubject !== '') return null;
    const { owner } = this.claimer;
    const refused = this.gate.refusedOwners(queue, this.claimer);
    return owner === null && refused === null ? null : { only: owner, not: refused ?? nobody };
  }

  private looksAtJobs(queue: WaitingQueue): boolean {
    return this.gate.refusedOwners(queue, this.claimer) !== null;
  }
}

/** So many queues that do not fit now are looked at for one that has waited too long; then only what fits is. */
const mostPassed = 64;

function isMore(whole: Free, free: Free): boolean {
  const { processors, memory, gpus, idle } = whole;
  return processors > free.processors || memory > free.memory || gpus > free.gpus || (idle && !free.idle);
}

const nobody: ReadonlySet<string> = new Set();

/** Another server may have bound the pilot to an owner since it was kept free here. */
function mayServe({ ownerSubject }: WaitingQueue, owner: string | null): boolean {
  return owner === null || ownerSubject === '' || ownerSubject === owner;
}

function ownerOf(queue: WaitingQueue, job: ClaimableJob | undefined): string | null {
  return queue.ownerSubject === '' ? (job?.owner_subject ?? null) : queue.ownerSubject;
}

function largestNumber({ wants, free }: Claimer, requirements: Requirements): number {
  if (requirements.wholeNode) return 1;
  return Math.max(1, Math.min(wants, Math.floor(free.processors / requirements.minProcessors)));
}
