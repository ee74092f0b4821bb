import { setTimeout } from 'node:timers/promises';
import type { Queryable } from '../../platform/index.js';
import { readQueuesBetween } from './read-heads.sql.js';

/** A round takes so long at least (ms): what a lost notification costs. */
const shortestRound = 5_000;
const perSlice = 500;
/** At most this part of the time is spent looking, so that a round among very many queues takes longer. */
const busyPart = 0.1;

/**
 * Goes round the task queues for ever, so that a lost notification costs one round: for each that is known to have jobs
 * one dive for its head and one for a queue between it and the next that nobody told of. The work follows the number of
 * queues with jobs, not that of jobs nor of all queues that ever were.
 */
export class QueueRounds {
  private readonly ending = new AbortController();

  constructor(
    private readonly database: Queryable,
    private readonly known: () => number[],
    private readonly look: (ids: readonly number[]) => Promise<void>,
  ) {}

  /** Goes round until {@link stop}; `tell` hears of failures, which the next slice may repair. */
  async run(tell: (error: unknown) => void): Promise<void> {
    while (!this.ending.signal.aborted) await this.round(tell);
  }

  stop(): void {
    this.ending.abort();
  }

  private async round(tell: (error: unknown) => void): Promise<void> {
    const ids = this.known().toSorted((a, b) => a - b);
    // What lies before the first is a gap too.
    const places = [0, ...ids];
    for (let start = 0; start < places.length && !this.ending.signal.aborted; start += perSlice) {
      const slice = places.slice(start, start + perSlice);
      const began = performance.now();
      try {
        await this.slice(slice, places[start + perSlice] ?? null);
      } catch (error) {
        tell(error);
      }
      const took = performance.now() - began;
      await this.rest(Math.max((shortestRound * slice.length) / places.length - took, took * (1 / busyPart - 1)));
    }
  }

  private async slice(places: readonly number[], end: number | null): Promise<void> {
    const found = await readQueuesBetween(this.database, places, end);
    await this.look([...places.filter((id) => id > 0), ...found]);
  }

  private async rest(milliseconds: number): Promise<void> {
    await setTimeout(milliseconds, undefined, { signal: this.ending.signal, ref: false }).catch(() => undefined);
  }
}
