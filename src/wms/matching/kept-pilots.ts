import type { WaitingQueue } from '../task-queues/waiting-queue.js';

/** Times in milliseconds. */
export interface PatienceTerms {
  /** So long a job is first in its task queue before a pilot is kept free for it; infinite: none is. */
  patience: number;
  /** So long a pilot is kept free at most. */
  keepFor: number;
}

/** A pilot that is kept free, or was in vain (`until` is over). Times in milliseconds from now on. */
export interface KeptPilot {
  stamp: string;
  queue: number;
  until: number;
  freeUntil: number;
}

/**
 * Pilots that get nothing more until a job fits that has waited long, so that large jobs do not starve behind small ones:
 * one whose place it fits but not what is free there. A queue keeps no more pilots than it is known to have jobs; a
 * pilot that was kept in vain takes other jobs for as long as the patience lasts. Pure; in the memory of one server.
 */
export class KeptPilots {
  /** In the order in which they were kept, so that those that are over come first. */
  private readonly pilots = new Map<string, { queue: number; until: number; freeUntil: number }>();
  /** The same by queue: a claim may ask for many queues. */
  private readonly ofQueue = new Map<number, Set<string>>();

  constructor(
    private readonly terms: () => PatienceTerms,
    private readonly now: () => number,
    kept: readonly KeptPilot[] = [],
  ) {
    const at = kept.length === 0 ? 0 : now();
    for (const { stamp, queue, until, freeUntil } of kept.toSorted((a, b) => a.freeUntil - b.freeUntil || 0)) {
      this.pilots.set(stamp, { queue, until: at + until, freeUntil: at + freeUntil });
      if (until > 0) this.addTo(queue, stamp);
    }
  }

  get patience(): number {
    return this.terms().patience;
  }

  /** The task queue for which the pilot is kept free. */
  queueOf(stamp: string): number | undefined {
    const pilot = this.pilots.get(stamp);
    return pilot !== undefined && this.now() < pilot.until ? pilot.queue : undefined;
  }

  /** All of them. */
  all(): KeptPilot[] {
    this.forgetOver();
    const now = this.now();
    return [...this.pilots].map(([stamp, { queue, until, freeUntil }]) => {
      return { stamp, queue, until: until - now, freeUntil: freeUntil - now };
    });
  }

  /** Keeps the pilot free for the first job of this queue; false when it may not be. */
  keep(stamp: string, queue: WaitingQueue): boolean {
    this.forgetOver();
    if (this.pilots.has(stamp)) return this.queueOf(stamp) === queue.id;
    if (this.keptFor(queue.id) >= Math.max(1, queue.ahead.length)) return false;
    const now = this.now();
    const { patience, keepFor } = this.terms();
    this.pilots.set(stamp, { queue: queue.id, until: now + keepFor, freeUntil: now + keepFor + patience });
    this.addTo(queue.id, stamp);
    return true;
  }

  /** The pilot got its job, or there is none any more. One that was kept in vain is still left alone for a while. */
  release(stamp: string): void {
    const pilot = this.pilots.get(stamp);
    if (pilot !== undefined && this.now() < pilot.until) this.forget(stamp, pilot.queue);
  }

  /** How many pilots are kept for a queue; those that were kept in vain are counted no more. */
  private keptFor(queue: number): number {
    for (const stamp of this.ofQueue.get(queue) ?? []) {
      if (this.queueOf(stamp) === queue) break;
      this.dropFrom(queue, stamp);
    }
    return this.ofQueue.get(queue)?.size ?? 0;
  }

  private forgetOver(): void {
    const now = this.now();
    for (const [stamp, { queue, freeUntil }] of this.pilots) {
      if (now < freeUntil) break;
      this.forget(stamp, queue);
    }
  }

  private forget(stamp: string, queue: number): void {
    this.pilots.delete(stamp);
    this.dropFrom(queue, stamp);
  }

  private addTo(queue: number, stamp: string): void {
    this.ofQueue.set(queue, (this.ofQueue.get(queue) ?? new Set()).add(stamp));
  }

  private dropFrom(queue: number, stamp: string): void {
    const stamps = this.ofQueue.get(queue);
    stamps?.delete(stamp);
    if (stamps?.size === 0) this.ofQueue.delete(queue);
  }
}
