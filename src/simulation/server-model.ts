import type { Configuration } from '../configuration/index.js';
import {
  type ClaimableJob,
  type Claimer,
  distribute,
  ledgerTerms,
  levelEverySeconds,
  type QueueDefinition,
  type QueueOrder,
  ShareLedger,
  sharesOf,
  Stock,
  WaitingQueues,
} from '../wms/index.js';
import type { JobKind, JobKinds, QueueOfKinds } from './job-kind.js';
import type { JobTable } from './job-table.js';
import { LimitsModel } from './limits-model.js';
import { WaitingJobs } from './waiting-jobs.js';

/** Jobs of a queue that the matcher knows ahead. */
const depth = 16;

/**
 * One server's matching with its jobs in memory: the index of task queues, the distribution of jobs to claims, the shares
 * and the limits are the server's own code; what stands in the database is here.
 */
export class ServerModel {
  readonly queues = new WaitingQueues(() => this.now * 1_000);
  readonly ledger: ShareLedger;
  private readonly limits: LimitsModel;
  private readonly waiting = new Map<number, WaitingJobs>();
  private readonly definitions = new Map<number, QueueDefinition>();
  private now = 0;
  private levelledAt = 0;

  constructor(
    configuration: Configuration,
    private readonly kinds: JobKinds,
    private readonly jobs: JobTable,
  ) {
    this.ledger = new ShareLedger(ledgerTerms(configuration), (entity) => sharesOf(configuration, entity), 0);
    this.limits = new LimitsModel(configuration);
  }

  /** Jobs begin to wait, for the first time or again. All of one task queue. */
  submit(jobs: readonly number[]): void {
    const kind = this.kindOf(jobs[0] ?? 0);
    const waiting = this.waitingOf(kind.queue);
    for (const job of jobs) waiting.add(job, this.kindOf(job).priority);
    this.look([kind.queue.id]);
  }

  waitingIn(queue: QueueOfKinds): number {
    return this.waiting.get(queue.id)?.count ?? 0;
  }

  /** Claims that arrive together; what they get is in their `given`. Gives what was charged to whom. */
  async claim(claimers: readonly Claimer[], now: number): Promise<void> {
    this.now = now;
    this.level();
    const stock = new Stock(this.queues, {
      next: async (orders) => orders.map((order) => this.next(order)),
      known: async (wanted) => wanted.map(({ headJob }) => this.rowOf(headJob)),
    });
    const gate = this.limits.gate(now);
    const uses = await distribute(claimers, {
      stock,
      turnsWith: (planned) => this.ledger.turns(this.levelledAt, planned),
      now: now * 1_000,
      ...(gate === null ? {} : { gate }),
    });
    for (const { entity, used } of uses) {
      this.queues.order.settle(entity, used);
      this.ledger.charge(entity, used, this.levelledAt);
    }
    for (const claimer of claimers) this.limits.given(claimer);
    for (const { given } of claimers) {
      for (const { job, queue } of given) this.waiting.get(queue.id)?.remove(job.job_id, job.user_priority);
    }
    this.look(stock.settle());
  }

  /** Whether there is a job for such a claim. */
  mayHave({ vo, place, free, owner }: Claimer): boolean {
    return this.queues.inTurn(vo, this.queues.signature(place, free), owner).next().done !== true;
  }

  /** An attempt of this job has ended. */
  ended(job: number): void {
    this.limits.ended(job);
  }

  /** Use is levelled, and decays, as often as servers load it. */
  private level(): void {
    if (this.now - this.levelledAt < levelEverySeconds) return;
    this.ledger.level(this.levelledAt);
    this.levelledAt = this.now;
  }

  /** Tells the index what comes next in these queues. */
  private look(ids: readonly number[]): void {
    if (ids.length === 0) return;
    const look = this.queues.beginLook();
    for (const id of ids) {
      const [jobs, queue] = [this.waiting.get(id), this.definitions.get(id)];
      const heads = jobs?.next(depth) ?? [];
      if (heads.length === 0) this.queues.remove(id);
      else if (queue !== undefined) this.queues.put(queue, heads, heads.length < depth, look);
    }
    this.queues.endLook(look);
  }

  private next({ queue, limit, owner, seen }: QueueOrder): ClaimableJob[] {
    const found: ClaimableJob[] = [];
    const jobs = this.waiting.get(queue);
    const most = owner === null ? limit + seen.length : Infinity;
    for (const { headJob } of jobs?.next(most) ?? []) {
      if (found.length === limit) break;
      if (seen.includes(headJob) || (owner !== null && this.kindOf(headJob).owner !== owner)) continue;
      found.push(this.rowOf(headJob));
    }
    return found;
  }

  private rowOf(job: number): ClaimableJob {
    const { entity, owner, jobType, priority } = this.kindOf(job);
    return {
      job_id: job,
      vo: entity.vo,
      user_priority: priority,
      owner,
      owner_group: entity.group,
      owner_subject: owner,
      job_group: '',
      job_type: jobType,
      site: 'ANY',
      attempt: this.jobs.attemptsOf(job),
      description_id: 0,
      expansion: null,
      locked_at: '',
    };
  }

  private kindOf(job: number): JobKind {
    return this.kinds.of(this.jobs.kindOf(job));
  }

  private waitingOf({ id, classId, entity, requirements }: QueueOfKinds): WaitingJobs {
    const known = this.waiting.get(id);
    if (known !== undefined) return known;
    const jobs = new WaitingJobs();
    this.waiting.set(id, jobs);
    this.definitions.set(id, { id, classId, ...entity, requirements });
    return jobs;
  }
}
