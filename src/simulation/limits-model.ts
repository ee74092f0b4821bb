import type { Configuration } from '../configuration/index.js';
import { type ClaimableJob, type Claimer, type Gate, type Limit, limitRulesOf, QueueLimits } from '../wms/index.js';

type Queue = Parameters<Gate['admits']>[0];

/** Limits of running jobs with their slots in memory: which limits hold for which job are the server's rules. */
export class LimitsModel {
  private readonly limits: QueueLimits | null;
  /** Slots in use by the limit's key; of limits in a window of time, when each is free again (s). */
  private readonly used = new Map<string, number>();
  private readonly freeAt = new Map<string, number[]>();
  private readonly held = new Map<number, readonly Limit[]>();

  constructor(configuration: Configuration) {
    const rules = limitRulesOf(configuration);
    this.limits = rules.isEmpty ? null : new QueueLimits(rules);
  }

  /** The gate of a batch of claims; null when nothing is limited. */
  gate(now: number): Gate | null {
    const { limits } = this;
    if (limits === null) return null;
    const refused = new Map<string, Set<string>>();
    const of = (queue: Queue, place: Claimer, job?: ClaimableJob): Limit[] => this.limitsOf(limits, queue, place, job);
    return {
      refusedOwners: (queue, { site, ce }) =>
        limits.isPerJob(queue) ? (refused.get(`${queue.id} ${site} ${ce}`) ?? new Set()) : null,
      admits: (queue, place) => of(queue, place).every((limit) => this.isFree(limit, now)),
      take: (queue, place, job) => {
        const all = of(queue, place, job);
        if (all.every((limit) => this.isFree(limit, now))) {
          for (const limit of all) this.change(limit, 1, now);
          return 'granted';
        }
        const key = `${queue.id} ${place.site} ${place.ce}`;
        if (job !== undefined) refused.set(key, (refused.get(key) ?? new Set()).add(job.owner_subject));
        return 'full';
      },
      refusedBy: (queue, place) => of(queue, place).flatMap((limit) => (this.isFree(limit, now) ? [] : [limit.key])),
      back: (queue, place, job) => {
        for (const limit of of(queue, place, job)) this.change(limit, -1, now);
      },
      restock: async () => false,
    };
  }

  /** Claims got these jobs, which keep their slots until {@link ended}. */
  given(claimer: Claimer): void {
    const { limits } = this;
    if (limits === null) return;
    for (const { queue, job } of claimer.given) {
      const all = this.limitsOf(limits, queue, claimer, limits.isPerJob(queue) ? job : undefined);
      this.held.set(job.job_id, all.filter(({ window }) => window === null)); // prettier-ignore
    }
  }

  ended(job: number): void {
    for (const limit of this.held.get(job) ?? []) this.change(limit, -1, 0);
    this.held.delete(job);
  }

  private limitsOf(limits: QueueLimits, queue: Queue, place: Claimer, job?: ClaimableJob): Limit[] {
    if (job === undefined) return limits.of(queue, place);
    return limits.ofOwner(queue, place, { owner: job.owner, subject: job.owner_subject });
  }

  private isFree({ key, maximum, window }: Limit, now: number): boolean {
    if (window === null) return (this.used.get(key) ?? 0) < maximum;
    const times = (this.freeAt.get(key) ?? []).filter((at) => at > now);
    this.freeAt.set(key, times);
    return times.length < maximum;
  }

  private change({ key, window }: Limit, by: 1 | -1, now: number): void {
    if (window === null) this.used.set(key, (this.used.get(key) ?? 0) + by);
    else if (by === 1) this.freeAt.set(key, [...(this.freeAt.get(key) ?? []), now + window]);
    else this.freeAt.get(key)?.pop();
  }
}
