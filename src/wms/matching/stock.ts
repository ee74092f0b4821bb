import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Head } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/task-queue-index.js';

/** Where jobs come from: the next `limit` jobs of a queue besides those already seen; fewer when there are no more. */
export type JobSource = (
  queue: number,
  wanted: { limit: number; seen: readonly number[]; owner: string | null },
) => Promise<ClaimableJob[]>;

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
    const orders = [...this.orders.values()].toSorted((a, b) => a.queue - b.queue);
    this.orders.clear();
    for (const { queue, owner, count } of orders) {
      const shelf = this.shelves.get(queue) ?? { jobs: [], seen: [], last: null, exhausted: new Set() };
      this.shelves.set(queue, shelf);
      const jobs = await this.source(queue, { limit: count, seen: shelf.seen, owner });
      shelf.jobs.push(...jobs);
      shelf.jobs.sort((a, b) => b.user_priority - a.user_priority || a.job_id - b.job_id);
      shelf.seen.push(...jobs.map(({ job_id }) => job_id));
      if (jobs.length < count) shelf.exhausted.add(owner);
    }
    return orders.length > 0;
  }

  /** The queues that were asked for jobs, and whether nothing is left in them. */
  touched(): { queue: number; empty: boolean }[] {
    return [...this.shelves].map(([queue, { jobs, exhausted }]) => ({
      queue,
      empty: jobs.length === 0 && exhausted.has(null),
    }));
  }
}
