import { testJobType } from '../resource-status/resource-status.js';
import type { Capability, Free } from '../task-queues/capability.js';
import { fitsNow, fitsPlace } from '../task-queues/eligible.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import type { Requirements } from '../task-queues/requirements.js';

/** By what a waiting pilot is matched. */
export interface Standing {
  vo: string;
  site: string;
  ce: string;
  /** Equal for equal capabilities. */
  signature: string;
  capability: Capability;
  free: Free;
  /** Only this owner's jobs may come; null: everybody's. */
  owner: string | null;
  /** Only test jobs may come. */
  testsOnly: boolean;
}

/** Waiters that the same queues may serve, as long as CPU work and wall time suffice; longest waiting first. */
export class Cohort<Waiter> {
  private readonly waiting = new Map<Waiter, { turn: number; free: Free }>();
  private readonly places = new WeakMap<Requirements, boolean>();
  /** Nobody here has more left than this. */
  private most = { cpuWorkLeft: 0, wallLeft: 0 };

  constructor(readonly standing: Standing) {}

  get size(): number {
    return this.waiting.size;
  }

  add(waiter: Waiter, turn: number, free: Free): void {
    this.waiting.set(waiter, { turn, free });
    this.most.cpuWorkLeft = Math.max(this.most.cpuWorkLeft, free.cpuWorkLeft);
    this.most.wallLeft = Math.max(this.most.wallLeft, free.wallLeft);
  }

  remove(waiter: Waiter): boolean {
    return this.waiting.delete(waiter);
  }

  turnOf(waiter: Waiter): number | undefined {
    return this.waiting.get(waiter)?.turn;
  }

  /** Whether somebody who stands here could run such a job, whoever owns it. */
  admits(requirements: Requirements): boolean {
    if (this.waiting.size === 0) return false;
    if (fitsNow(requirements, { ...this.standing.free, ...this.most }) !== null) return false;
    let fits = this.places.get(requirements);
    if (fits === undefined) {
      fits = fitsPlace(requirements, this.standing.capability) === null;
      this.places.set(requirements, fits);
    }
    return fits;
  }

  /** Whether jobs of this queue's owner and type may come here at all. */
  serves({ ownerSubject, requirements }: QueueDefinition): boolean {
    const { owner, testsOnly } = this.standing;
    if (testsOnly && requirements.jobType !== testJobType) return false;
    return owner === null || ownerSubject === '' || ownerSubject === owner;
  }

  /** Who has waited longest of those for whom CPU work and wall time suffice, with the number of the turn. */
  first(requirements: Requirements): { waiter: Waiter; turn: number } | null {
    const most = { cpuWorkLeft: 0, wallLeft: 0 };
    for (const [waiter, { turn, free }] of this.waiting) {
      if (fitsNow(requirements, free) === null) return { waiter, turn };
      most.cpuWorkLeft = Math.max(most.cpuWorkLeft, free.cpuWorkLeft);
      most.wallLeft = Math.max(most.wallLeft, free.wallLeft);
    }
    // All have been looked at: next time this is known without.
    this.most = most;
    return null;
  }
}

/** All who wait for jobs, by VO and cohort. Pure: nothing is read, nobody is told. */
export class Cohorts<Waiter> {
  private readonly vos = new Map<string, Map<string, Cohort<Waiter>>>();
  private readonly places = new Map<Waiter, Cohort<Waiter>>();
  private turns = 0;

  get size(): number {
    return this.places.size;
  }

  /** The waiter stands last in its cohort; where it stands already, it keeps its turn. */
  add(waiter: Waiter, standing: Standing): void {
    const cohort = this.cohortOf(standing);
    const turn = this.places.get(waiter) === cohort ? cohort.turnOf(waiter) : undefined;
    if (turn === undefined) this.remove(waiter);
    cohort.add(waiter, turn ?? (this.turns += 1), standing.free);
    this.places.set(waiter, cohort);
  }

  /** The waiter does not wait for a job any more; answers whether it did. */
  remove(waiter: Waiter): boolean {
    const cohort = this.places.get(waiter);
    if (cohort === undefined) return false;
    cohort.remove(waiter);
    return this.places.delete(waiter);
  }

  /** Takes out who has waited longest of those whom the queue fits, leaving alone cohorts that are barred. */
  take(
    queue: QueueDefinition,
    barred: (cohort: Cohort<Waiter>) => boolean,
  ): { waiter: Waiter; cohort: Cohort<Waiter> } | null {
    let best: { waiter: Waiter; turn: number; cohort: Cohort<Waiter> } | null = null;
    for (const cohort of this.vos.get(queue.vo)?.values() ?? []) {
      if (!cohort.serves(queue) || !cohort.admits(queue.requirements) || barred(cohort)) continue;
      const first = cohort.first(queue.requirements);
      if (first !== null && (best === null || first.turn < best.turn)) best = { ...first, cohort };
    }
    if (best !== null) this.remove(best.waiter);
    return best;
  }

  /** Takes a waiter out; gives the cohort in which it stood, null for none. */
  takeOut(waiter: Waiter): Cohort<Waiter> | null {
    const cohort = this.places.get(waiter) ?? null;
    this.remove(waiter);
    return cohort;
  }

  /** Whether a job of the queue's class would fit anybody who waits, whoever owns it. */
  admits({ vo, requirements }: QueueDefinition): boolean {
    for (const cohort of this.vos.get(vo)?.values() ?? []) if (cohort.admits(requirements)) return true;
    return false;
  }

  /** Forgets cohorts in which nobody stands. */
  tidy(): void {
    for (const [vo, cohorts] of this.vos) {
      for (const [key, { size }] of cohorts) if (size === 0) cohorts.delete(key);
      if (cohorts.size === 0) this.vos.delete(vo);
    }
  }

  private cohortOf(standing: Standing): Cohort<Waiter> {
    const { vo, site, ce, signature, owner, free, testsOnly } = standing;
    const { processors, memory, gpus, idle } = free;
    const key = `${processors} ${memory} ${gpus} ${idle ? 'idle' : 'busy'} ${testsOnly ? 'tests' : 'all'} ${owner === null ? '' : JSON.stringify(owner)} ${JSON.stringify([site, ce])} ${signature}`;
    const ofVo = this.vos.get(vo) ?? new Map<string, Cohort<Waiter>>();
    this.vos.set(vo, ofVo);
    const cohort = ofVo.get(key) ?? new Cohort<Waiter>(standing);
    ofVo.set(key, cohort);
    return cohort;
  }
}
