import type { Clock } from '../../platform/index.js';
import { readKey } from './limit.js';

interface Full {
  /** When to look again (milliseconds since 1970). */
  until: number;
  /** Task queues that were passed over for it. */
  queues: Set<number>;
  timer: NodeJS.Timeout;
}

const mostQueues = 1_000;
/** So many keys that became free are remembered, and each for longer than any batch of claims takes (ms). */
const mostFreed = 10_000;
const longestBatch = 300_000;

/**
 * Which limits had no free slot when somebody looked last, and which task queues were passed over for that: a hint in
 * memory. It ends when a slot becomes free, and after a while in any case.
 */
export class FullLimits {
  private readonly full = new Map<string, Full>();
  private readonly freed = new Map<string, number>();

  constructor(
    private readonly reopened: (queues: readonly number[]) => void,
    private readonly clock: Clock,
  ) {}

  isFull(key: string): boolean {
    const full = this.full.get(key);
    return full !== undefined && full.until > this.clock.now();
  }

  /** A queue has jobs that the limit keeps waiting. */
  passedOver(key: string, queue: number): void {
    const queues = this.full.get(key)?.queues;
    if (queues !== undefined && queues.size < mostQueues) queues.add(queue);
  }

  /** Nothing was free at `since`, and nothing will be for so many seconds unless it is told. */
  fill(key: string, { since, seconds, queues }: { since: number; seconds: number; queues: readonly number[] }): void {
    if ((this.freed.get(key) ?? -Infinity) >= since) {
      this.reopened(queues);
      return;
    }
    const before = this.full.get(key);
    if (before !== undefined) clearTimeout(before.timer);
    const milliseconds = Math.max(1, Math.ceil(seconds * 1_000));
    const timer = setTimeout(() => this.free(key), milliseconds);
    timer.unref();
    const all = new Set([...(before?.queues ?? []), ...queues].slice(0, mostQueues));
    this.full.set(key, { until: this.clock.now() + milliseconds, queues: all, timer });
  }

  /** A slot is free again, or may be. */
  free(key: string): void {
    this.noteFreed(key);
    const full = this.full.get(key);
    if (full === undefined) return;
    this.remove(key, full);
    for (const [other, entry] of this.full) {
      if (!isKey(other) && full.queues.has(Number.parseInt(other, 10))) this.remove(other, entry);
    }
    this.reopened([...full.queues]);
  }

  /** The owners of whom no more jobs may run by some limit. */
  owners(): { key: string; owner: string; subject: string }[] {
    return [...this.full.keys()].filter(isKey).flatMap((key) => {
      const { owner, subject } = readKey(key).scope;
      return owner === undefined || subject === undefined || !this.isFull(key) ? [] : [{ key, owner, subject }];
    });
  }

  /** The limits are others now. */
  clear(): void {
    for (const key of this.full.keys()) this.free(key);
    this.freed.clear();
  }

  private noteFreed(key: string): void {
    const now = this.clock.now();
    // In the order of their times.
    this.freed.delete(key);
    this.freed.set(key, now);
    if (this.freed.size <= mostFreed) return;
    for (const [other, at] of this.freed) {
      if (at > now - longestBatch) break;
      this.freed.delete(other);
    }
  }

  private remove(key: string, { timer }: Full): void {
    clearTimeout(timer);
    this.full.delete(key);
  }
}

/** Besides keys of limits there are `<task queue> <place>`: those of its jobs whose owners may run more are none. */
function isKey(key: string): boolean {
  return key.startsWith('{');
}
