import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Head } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/task-queue-index.js';
import type { QueueOrder } from './take-jobs.sql.js';

/** Where jobs come from: for each order the next jobs of its queue; fewer than its limit when there are no more. */
export type JobSource = (orders: readonly QueueOrder[]) => Promise<ClaimableJob[][]>;

interface Shelf {
  jobs: ClaimableJob[];
  seen: number[];
  /** The last job that left the shelf: what comes after it has no higher priority. */
  last: Head | null;
  /** Owners (null: all) for whom the queue has no more than what is on the shelf. */
  exhausted: Set<string | null>;
}

/** Jobs that one batch of claims has locked but not given away yet, by task queue. */
export class Stock {
  private readonly shelves = new Map<number, Shelf>();
  private readonly orders = new Map<string, { queue: number; owner: string | null; count: number }>();

  constructor(private readonly source: JobSource) {}

  /** The next job for an owner (null: anybody), as far as is known; null when there is none. */
  next(queue: WaitingQueue, owner: string | null): Head | null {
    const shelf = this.shelves.get(queue.id);
    if (shelf === undefined) return queue;
    const job = shelf.jobs.find((one) => owner === null || one.owner_subject === owner);
    if (job !== undefined) return { headPriority: job.user_priority, headJob: job.job_id };
    if (shelf.exhausted.has(null) || shelf.exhausted.has(owner)) return null;
    return shelf.last ?? queue;
  }

  /** Takes the next job that is at hand. */
  take(queue: number, owner: string | null): ClaimableJob | undefined {
    const shelf = this.shelves.get(queue);
    const at = shelf?.jobs.findIndex((one) => owner === null || one.owner_subject === owner) ?? -1;
    if (shelf === undefined || at < 0) return undefined;
    const [job] = shelf.jobs.splice(at, 1);
    if (job !== undefined) shelf.last = { headPriority: job.user_priority, headJob: job.job_id };
    return job;
  }

  /** Asks for more jobs with the next {@link restock}. */
  order(queue: number, owner: string | null, count: number): void {
    const key = `${queue} ${owner ?? ''}`;
    const order = this.orders.get(key) ?? { queue, owner, count: 0 };
    order.count += count;
    this.orders.set(key, order);
  }

  /** Fetches what was ordered, queues in the order of their ids. False when nothing was ordered. */
  async restock(): Promise<boolean> {
    let left = [...this.orders.values()].toSorted((a, b) => a.queue - b.queue);
    const ordered = left.length > 0;
    this.orders.clear();
    // A second order of a queue must know what the first one got.
    while (left.length > 0) {
      const now = left.filter((order, index) => left[index - 1]?.queue !== order.queue);
      left = left.filter((order) => !now.includes(order));
      await this.fetch(now);
    }
    return ordered;
  }

  private async fetch(orders: readonly { queue: number; owner: string | null; count: number }[]): Promise<void> {
    const shelves = orders.map(({ queue }) => this.shelfOf(queue));
    const fetched = await this.source(
      orders.map(({ queue, owner, count }, index) => ({
        queue,
        limit: count,
        owner,
        seen: shelves[index]?.seen ?? [],
      })),
    );
    orders.forEach(({ queue, owner, count }, index) => {
      const shelf = this.shelfOf(queue);
      const jobs = fetched[index] ?? [];
      shelf.jobs.push(...jobs);
      shelf.jobs.sort((a, b) => b.user_priority - a.user_priority || a.job_id - b.job_id);
      shelf.seen.push(...jobs.map(({ job_id }) => job_id));
      if (jobs.length < count) shelf.exhausted.add(owner);
    });
  }

  private shelfOf(queue: number): Shelf {
    const shelf = this.shelves.get(queue) ?? { jobs: [], seen: [], last: null, exhausted: new Set() };
    this.shelves.set(queue, shelf);
    return shelf;
  }

  /** The queues that were asked for jobs, and whether nothing is left in them. */
  touched(): { queue: number; empty: boolean }[] {
    return [...this.shelves].map(([queue, { jobs, exhausted }]) => ({
      queue,
      empty: jobs.length === 0 && exhausted.has(null),
    }));
  }
}
