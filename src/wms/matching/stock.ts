import type { ClaimableJob } from '../jobs/claim-jobs.js';
import { compareHeads, type Head } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import type { Avoids } from './claimer.js';
import type { KnownJob, QueueOrder } from './take-jobs.sql.js';

const nothing: Avoids = new Set();

/** Where jobs come from. What it gives is locked. */
export interface JobSource {
  /** For each order the next jobs of its queue; fewer than its limit when there are no more. */
  next(orders: readonly QueueOrder[]): Promise<ClaimableJob[][]>;
  /** Those of these jobs that can be claimed still. */
  known(jobs: readonly KnownJob[]): Promise<ClaimableJob[]>;
}

/** A job that was taken in memory: its row, if it is at hand already. */
export interface TakenJob {
  queue: WaitingQueue;
  head: Head;
  job: ClaimableJob | undefined;
}

/** Whose jobs are wanted of a queue that holds several owners': one owner's only, or anybody's (null); and not these. */
export interface Owners {
  only: string | null;
  not: ReadonlySet<string>;
}

interface Order {
  queue: WaitingQueue;
  /** Null: the next jobs, whosever they are. */
  owners: Owners | null;
  count: number;
}

/**
 * The jobs of one batch of claims. They are taken in memory first, so that no other batch plans them; then their rows are
 * fetched and locked. What has proved to be gone is looked for anew.
 */
export class Stock {
  private readonly rows = new Map<number, ClaimableJob>();
  /** Rows at hand of queues in which jobs of certain owners were looked for. */
  private readonly atHand = new Map<number, ClaimableJob[]>();
  /** What this transaction has locked, by queue: it would not pass over its own locks. */
  private readonly seen = new Map<number, number[]>();
  /** Queues, or owners in them, that have no more than what is at hand; in each the jobs of these owners. */
  private readonly exhausted = new Set<string>();
  /** Who has looked behind the jobs that it avoids, by queue. */
  private readonly lookedBehind = new Map<number, Set<Avoids>>();
  private readonly touchedQueues = new Map<number, WaitingQueue>();
  private readonly takenJobs = new Map<number, { queue: WaitingQueue; head: Head }>();
  private wanted: { queue: WaitingQueue; head: Head }[] = [];
  private orders = new Map<string, Order>();

  constructor(
    readonly queues: WaitingQueues,
    private readonly source: JobSource,
  ) {}

  /** Whether the queue may have a job of these owners (null: anybody's), as far as is known. */
  mayHave(queue: WaitingQueue, owners: Owners | null, avoids?: Avoids): boolean {
    if (avoids !== undefined && isAvoided(queue, avoids)) {
      if (queue.complete || this.lookedBehind.get(queue.id)?.has(avoids) === true) return false;
    }
    if (owners === null) return queue.ahead.length > 0 || (queue.listed && !this.exhausted.has(keyOf(queue, null)));
    if (this.peek(queue, owners, avoids) !== undefined) return true;
    return queue.listed && !this.exhausted.has(keyOf(queue, owners)) && !this.exhausted.has(keyOf(queue, null));
  }

  /** The next row at hand of these owners' jobs. */
  peek(queue: WaitingQueue, { only, not }: Owners, avoids: Avoids = nothing): ClaimableJob | undefined {
    return this.atHand
      .get(queue.id)
      ?.filter((job) => (only === null || only === job.owner_subject) && !not.has(job.owner_subject))
      .find((job) => this.isFree(job) && !avoids.has(job.job_id));
  }

  /** Takes the next job that is known; undefined when it must be ordered. */
  take(queue: WaitingQueue, owners: Owners | null, avoids: Avoids = nothing): TakenJob | undefined {
    this.touchedQueues.set(queue.id, queue);
    if (owners !== null) {
      const job = this.peek(queue, owners, avoids);
      if (job === undefined) return undefined;
      this.queues.takeJobs(queue, [job.job_id]);
      return this.taken(queue, headOf(job), job);
    }
    const head = queue.ahead.find(({ headJob }) => !avoids.has(headJob));
    if (head === undefined) {
      if (queue.ahead.length > 0)
        this.lookedBehind.set(queue.id, (this.lookedBehind.get(queue.id) ?? new Set()).add(avoids));
      return undefined;
    }
    this.queues.takeJobs(queue, [head.headJob]);
    const job = this.rows.get(head.headJob);
    if (job === undefined) this.wanted.push({ queue, head });
    return this.taken(queue, head, job);
  }

  /** Asks for more jobs with the next {@link fetch}. */
  order(queue: WaitingQueue, owners: Owners | null, count: number): void {
    this.touchedQueues.set(queue.id, queue);
    const key = keyOf(queue, owners);
    const order = this.orders.get(key) ?? {
      queue,
      owners: owners && { ...owners, not: new Set(owners.not) },
      count: 0,
    };
    order.count += count;
    this.orders.set(key, order);
  }

  /** Fetches what was taken and ordered, queues in the order of their ids. False when there was nothing to fetch. */
  async fetch(): Promise<boolean> {
    const { wanted } = this;
    this.wanted = [];
    let left = [...this.orders.values()].toSorted((a, b) => a.queue.id - b.queue.id);
    this.orders = new Map();
    const any = wanted.length > 0 || left.length > 0;
    if (wanted.length > 0) await this.fetchKnown(wanted);
    // A second order of a queue must know what the first one got.
    while (left.length > 0) {
      const now = left.filter((order, index) => left[index - 1]?.queue.id !== order.queue.id);
      left = left.filter((order) => !now.includes(order));
      await this.fetchNext(now);
    }
    return any;
  }

  /** The row of a job that was taken; undefined when somebody else has it. */
  rowOf({ headJob }: Head): ClaimableJob | undefined {
    return this.rows.get(headJob);
  }

  /** The batch is durable: what it took is gone. Gives the queues of which too little is known now. */
  settle(): number[] {
    this.queues.gone([...this.takenJobs.keys()]);
    return [...this.touchedQueues.values()].filter(({ ahead }) => ahead.length === 0).map(({ id }) => id);
  }

  /** The batch came to nothing: what it took can be taken again. Gives the queues that should be looked at. */
  abandon(): number[] {
    for (const { queue, head } of this.takenJobs.values()) this.queues.giveBack(queue, [head]);
    return [...this.touchedQueues.keys()];
  }

  private isFree({ job_id }: ClaimableJob): boolean {
    return !this.takenJobs.has(job_id);
  }

  private taken(queue: WaitingQueue, head: Head, job: ClaimableJob | undefined): TakenJob {
    this.takenJobs.set(head.headJob, { queue, head });
    return { queue, head, job };
  }

  private async fetchKnown(wanted: readonly { queue: WaitingQueue; head: Head }[]): Promise<void> {
    const jobs = wanted.map(({ queue, head }) => ({ queue: queue.id, ...head }));
    for (const job of await this.source.known(jobs)) this.rows.set(job.job_id, job);
    for (const { queue, head } of wanted) {
      if (this.rows.has(head.headJob)) this.lock(queue, [head.headJob]);
      // One that is gone is seldom the only one.
      else this.queues.distrust(queue, (job) => this.rows.has(job));
    }
  }

  private async fetchNext(orders: readonly Order[]): Promise<void> {
    const fetched = await this.source.next(
      orders.map(({ queue, owners, count }) => ({
        queue: queue.id,
        limit: count,
        owner: owners?.only ?? null,
        without: [...(owners?.not ?? [])],
        seen: this.seen.get(queue.id) ?? [],
      })),
    );
    orders.forEach((order, index) => this.putIn(order, fetched[index] ?? []));
  }

  private putIn({ queue, owners, count }: Order, jobs: readonly ClaimableJob[]): void {
    this.lock(
      queue,
      jobs.map(({ job_id }) => job_id),
    );
    for (const job of jobs) this.rows.set(job.job_id, job);
    if (jobs.length < count) this.exhausted.add(keyOf(queue, owners));
    if (owners === null) this.queues.learn(queue, jobs.map(headOf), jobs.length < count);
    else this.atHand.set(queue.id, [...(this.atHand.get(queue.id) ?? []), ...jobs].toSorted(compareRows));
  }

  private lock(queue: WaitingQueue, jobs: readonly number[]): void {
    this.seen.set(queue.id, [...(this.seen.get(queue.id) ?? []), ...jobs]);
  }
}

function isAvoided({ ahead }: WaitingQueue, avoids: Avoids): boolean {
  return ahead.length > 0 && ahead.every(({ headJob }) => avoids.has(headJob));
}

function keyOf({ id }: WaitingQueue, owners: Owners | null): string {
  if (owners === null || (owners.only === null && owners.not.size === 0)) return String(id);
  return JSON.stringify([id, owners.only, ...[...owners.not].toSorted()]);
}

function compareRows(a: ClaimableJob, b: ClaimableJob): number {
  return compareHeads(headOf(a), headOf(b));
}

function headOf({ user_priority, job_id }: ClaimableJob): Head {
  return { headPriority: user_priority, headJob: job_id };
}
