import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Head } from '../task-queues/shares.js';
import type { Claimed, WaitingQueue } from '../task-queues/task-queue-index.js';
import type { KnownJob, QueueOrder } from './take-jobs.sql.js';

/** Where jobs come from. What it gives is locked. */
export interface JobSource {
  /** For each order the next jobs of its queue; fewer than its limit when there are no more. */
  next(orders: readonly QueueOrder[]): Promise<ClaimableJob[][]>;
  /** Those of these jobs that can be claimed still. */
  known(jobs: readonly KnownJob[]): Promise<ClaimableJob[]>;
}

interface Order {
  queue: WaitingQueue;
  owner: string | null;
  count: number;
}

interface Shelf {
  jobs: ClaimableJob[];
  /** What the index knows to come after them; emptied when that has proved wrong. */
  ahead: Head[];
  seen: number[];
  /** Jobs that were given away, or had been claimed by somebody else. */
  gone: number[];
  /** The last job that left the shelf: what comes after it has no higher priority. */
  last: Head | null;
  /** Owners (null: all) for whom the queue has no more than what is on the shelf. */
  exhausted: Set<string | null>;
}

/** Jobs that one batch of claims has locked but not given away yet, by task queue. */
export class Stock {
  private readonly shelves = new Map<number, Shelf>();
  private readonly orders = new Map<string, Order>();

  constructor(private readonly source: JobSource) {}

  /** The next job for an owner (null: anybody), as far as is known; null when there is none. */
  next(queue: WaitingQueue, owner: string | null): Head | null {
    const shelf = this.shelves.get(queue.id);
    if (shelf === undefined) return queue;
    const job = shelf.jobs.find((one) => owner === null || one.owner_subject === owner);
    if (job !== undefined) return headOf(job);
    if (shelf.exhausted.has(null) || shelf.exhausted.has(owner)) return null;
    return shelf.ahead[0] ?? shelf.last ?? queue;
  }

  /** Takes the next job that is at hand. */
  take(queue: WaitingQueue, owner: string | null): ClaimableJob | undefined {
    const shelf = this.shelves.get(queue.id);
    const at = shelf?.jobs.findIndex((one) => owner === null || one.owner_subject === owner) ?? -1;
    if (shelf === undefined || at < 0) return undefined;
    const [job] = shelf.jobs.splice(at, 1);
    if (job === undefined) return undefined;
    shelf.last = headOf(job);
    shelf.gone.push(job.job_id);
    return job;
  }

  /** Asks for more jobs with the next {@link restock}. */
  order(queue: WaitingQueue, owner: string | null, count: number): void {
    const key = `${queue.id} ${owner ?? ''}`;
    const order = this.orders.get(key) ?? { queue, owner, count: 0 };
    order.count += count;
    this.orders.set(key, order);
  }

  /** Fetches what was ordered, queues in the order of their ids. False when nothing was ordered. */
  async restock(): Promise<boolean> {
    const orders = [...this.orders.values()].toSorted((a, b) => a.queue.id - b.queue.id);
    this.orders.clear();
    // A second order of a queue must know what the first one got.
    for (let left = await this.fetchKnown(orders); left.length > 0;) {
      const now = left.filter((order, index) => left[index - 1]?.queue.id !== order.queue.id);
      left = left.filter((order) => !now.includes(order));
      await this.fetchNext(now);
    }
    return orders.length > 0;
  }

  /** Fetches by their ids the jobs that the index knows; gives what is still wanted then. */
  private async fetchKnown(orders: readonly Order[]): Promise<Order[]> {
    const known = new Map<Order, Head[]>();
    for (const order of orders) {
      const { ahead } = this.shelfOf(order.queue);
      if (order.owner !== null || ahead.length < order.count) ahead.length = 0;
      else known.set(order, ahead.splice(0, order.count));
    }
    const found = new Map<number, ClaimableJob>();
    const wanted = [...known].flatMap(([{ queue }, heads]) => heads.map((head) => ({ queue: queue.id, ...head })));
    for (const job of wanted.length === 0 ? [] : await this.source.known(wanted)) found.set(job.job_id, job);
    return orders.flatMap((order) => {
      const heads = known.get(order);
      if (heads === undefined) return [order];
      const shelf = this.shelfOf(order.queue);
      const jobs = heads.flatMap(({ headJob }) => found.get(headJob) ?? []);
      put(shelf, jobs);
      if (jobs.length === heads.length) return [];
      shelf.gone.push(...heads.flatMap(({ headJob }) => (found.has(headJob) ? [] : [headJob])));
      shelf.ahead.length = 0;
      return [{ ...order, count: heads.length - jobs.length }];
    });
  }

  private async fetchNext(orders: readonly Order[]): Promise<void> {
    const fetched = await this.source.next(
      orders.map(({ queue, owner, count }) => ({
        queue: queue.id,
        limit: count,
        owner,
        seen: this.shelfOf(queue).seen,
      })),
    );
    orders.forEach(({ queue, owner, count }, index) => {
      const shelf = this.shelfOf(queue);
      const jobs = fetched[index] ?? [];
      put(shelf, jobs);
      if (jobs.length < count) shelf.exhausted.add(owner);
    });
  }

  private shelfOf(queue: WaitingQueue): Shelf {
    const known = this.shelves.get(queue.id);
    if (known !== undefined) return known;
    const shelf = { jobs: [], ahead: [...queue.ahead], seen: [], gone: [], last: null, exhausted: new Set<null>() };
    this.shelves.set(queue.id, shelf);
    return shelf;
  }

  /** The queues that were asked for jobs: what is gone from them, and whether nothing is left in them. */
  touched(): Claimed[] {
    return [...this.shelves].map(([queue, { jobs, gone, exhausted }]) => ({
      queue,
      gone,
      empty: jobs.length === 0 && exhausted.has(null),
    }));
  }
}

function put(shelf: Shelf, jobs: readonly ClaimableJob[]): void {
  shelf.jobs.push(...jobs);
  shelf.jobs.sort((a, b) => b.user_priority - a.user_priority || a.job_id - b.job_id);
  shelf.seen.push(...jobs.map(({ job_id }) => job_id));
}

function headOf({ user_priority, job_id }: ClaimableJob): Head {
  return { headPriority: user_priority, headJob: job_id };
}
