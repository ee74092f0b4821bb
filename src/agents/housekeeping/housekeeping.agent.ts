import type { Credentials } from '../../ce/index.js';
import type { Database } from '../../platform/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';
import { byCe } from '../by-ce.js';
import type { ComputingElements } from '../computing-elements.js';
import { deleteOldJobs, deleteUnusedDescriptions } from './old-jobs.js';
import { deletePilots, findOldPilots, type OldPilot } from './old-pilots.js';
import { keepPartitions } from './partitions.js';

export interface HousekeepingParts {
  database: Database;
  elements: Pick<ComputingElements, 'get'>;
  /** Removes sandboxes that nobody has used for `days`. */
  sandboxes: { clean(days: number): Promise<number> };
  /** Removes what is stored of the logs of pilots. */
  pilotLogs: { remove(pilots: readonly { vo: string; stamp: string }[]): Promise<void> };
  /** Sums up old rows of the use of shares. */
  shareUse: { fold(): Promise<number> };
  /** The counters of jobs; a repair is made when the last one is so many hours old, and answers how many were wrong. */
  jobCounts: { removeEmpty(): Promise<number>; repairAfter(hours: number): Promise<number> };
}

/** Makes time partitions ahead of time and removes what its retention no longer covers. */
export class Housekeeping implements Agent {
  readonly name = 'housekeeping';
  readonly every = 600;
  readonly limit = 900;
  private readonly credentials: Credentials = { kind: 'none' };

  constructor(private readonly parts: HousekeepingParts) {}

  async run(context: AgentContext): Promise<AgentSummary> {
    const { document } = context.configuration;
    const { retention } = document;
    const partitions = await this.partitions(retention.history_days);
    const jobs = await this.jobs(context);
    const descriptions =
      jobs > 0 ? await deleteUnusedDescriptions(this.parts.database, retention.finished_jobs_days) : 0;
    context.signal.throwIfAborted();
    const sandboxes = await this.parts.sandboxes.clean(retention.unassigned_sandboxes_days);
    const pilots = await this.pilots(context);
    const folded = await this.parts.shareUse.fold();
    const counters = await this.counters(context);
    return { partitions, jobs, descriptions, sandboxes, pilots, folded, counters };
  }

  private async counters({ log }: AgentContext): Promise<number> {
    const { jobCounts } = this.parts;
    const repaired = await jobCounts.repairAfter(24);
    if (repaired > 0) log.warn('Counters of jobs were wrong and have been corrected', { counters: repaired });
    return repaired + (await jobCounts.removeEmpty());
  }

  private async partitions(historyDays: number): Promise<number> {
    const tables = [
      { name: 'job_history', period: 'month', keepDays: historyDays },
      { name: 'attempts', period: 'month', keepDays: historyDays },
      // Keys of idempotency are honoured for 24 hours.
      { name: 'repeated_requests', period: 'day', keepDays: 2 },
    ] as const;
    let changed = 0;
    for (const table of tables) {
      const { created, dropped } = await keepPartitions(this.parts.database, table);
      changed += created + dropped;
    }
    return changed;
  }

  private async jobs({ configuration, signal }: AgentContext): Promise<number> {
    const { vos, retention } = configuration.document;
    let deleted = 0;
    for (const vo of Object.keys(vos)) {
      for (;;) {
        signal.throwIfAborted();
        const count = await deleteOldJobs(this.parts.database, vo, retention.finished_jobs_days);
        deleted += count;
        if (count === 0) break;
      }
    }
    return deleted;
  }

  private async pilots(context: AgentContext): Promise<number> {
    const { database, pilotLogs } = this.parts;
    const days = context.configuration.document.retention.pilots_days;
    let deleted = 0;
    for (;;) {
      context.signal.throwIfAborted();
      const old = await findOldPilots(database, days, 500);
      if (old.length === 0) return deleted;
      await this.cleanCes(old, context);
      await pilotLogs.remove(old);
      await deletePilots(database, old);
      deleted += old.length;
    }
  }

  /** A CE that does not answer, or is no longer there, keeps its leftovers. */
  private async cleanCes(pilots: readonly OldPilot[], { configuration, signal, log }: AgentContext): Promise<void> {
    for (const group of byCe(pilots)) {
      const [first] = group;
      const references = group.flatMap(({ reference }) => reference ?? []);
      if (first === undefined || references.length === 0) continue;
      try {
        const ce = await this.parts.elements.get(configuration.document, first);
        await ce.clean(references, { signal, credentials: this.credentials });
      } catch (error) {
        signal.throwIfAborted();
        log.warn('A CE could not be cleaned', { site: first.site, ce: first.ce, runs: references.length, error });
      }
    }
  }
}
