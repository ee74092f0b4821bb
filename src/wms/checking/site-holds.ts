import { minor } from '../../contract/index.js';
import type { Database } from '../../platform/index.js';
import { mayBegin } from '../resource-status/resource-status.js';
import type { ResourceStatuses } from '../resource-status/resource-statuses.js';
import { QueueDefinitions } from '../task-queues/queue-definitions.js';
import { readNonEmptyQueues } from '../task-queues/read-heads.sql.js';
import type { Requirements } from '../task-queues/requirements.js';

type Wanted = Pick<Requirements, 'sites' | 'jobType'>;

/** Whether a job names sites, and may begin at none of them now. It waits in its task queue all the same. */
export function isOnHold(
  { sites, jobType }: Wanted,
  vo: string,
  statuses: Pick<ResourceStatuses, 'anySet' | 'verdict'>,
): boolean {
  if (sites.length === 0 || !statuses.anySet) return false;
  return sites.every((site) => !mayBegin(jobType, statuses.verdict({ vo, site }).verdict));
}

/** The minor state of a waiting job with these requirements. */
export function waitingMinor(
  wanted: Wanted,
  vo: string,
  statuses: Pick<ResourceStatuses, 'anySet' | 'verdict'>,
): string {
  return isOnHold(wanted, vo, statuses) ? minor.onHold : minor.waiting;
}

interface Position {
  job_id: number;
  user_priority: number;
}

const atOnce = 1_000;
/** A server may still have written by the statuses from before a change when the first look after it is made. */
const looksAfterChange = 2;

/**
 * Keeps the minor state of waiting jobs true when the status of sites changes. Nothing depends on it: a job runs when it
 * may, whatever is written there.
 */
export class SiteHolds {
  private readonly definitions: QueueDefinitions;
  private seen = '';
  private looksLeft = 0;

  constructor(
    private readonly database: Database,
    private readonly statuses: Pick<ResourceStatuses, 'anySet' | 'verdict' | 'changedAt'>,
  ) {
    this.definitions = new QueueDefinitions(database);
  }

  /** Looks at all task queues whose jobs name sites; answers how many jobs were put on hold and taken off it. */
  async refresh(signal: AbortSignal): Promise<{ held: number; released: number }> {
    const changedAt = this.statuses.changedAt();
    if (changedAt !== this.seen) this.looksLeft = looksAfterChange;
    const counts = { held: 0, released: 0 };
    if (this.looksLeft === 0 && !this.statuses.anySet) return counts;
    const ids = await readNonEmptyQueues(this.database);
    for (const { id, vo, requirements } of await this.definitions.find(ids)) {
      if (requirements.sites.length === 0) continue;
      const hold = isOnHold(requirements, vo, this.statuses);
      if (hold) counts.held += await this.rewrite(id, { from: minor.waiting, to: minor.onHold }, signal);
      else if (this.looksLeft > 0) {
        counts.released += await this.rewrite(id, { from: minor.onHold, to: minor.waiting }, signal);
      }
    }
    this.definitions.keep(new Set(ids));
    this.seen = changedAt;
    this.looksLeft = Math.max(0, this.looksLeft - 1);
    return counts;
  }

  private async rewrite(
    queue: number,
    { from, to }: { from: string; to: string },
    signal: AbortSignal,
  ): Promise<number> {
    let changed = 0;
    let after: Position = { user_priority: 255, job_id: 0 };
    for (;;) {
      signal.throwIfAborted();
      const page = await this.database.query<Position & { minor: string }>(
        `SELECT job_id, user_priority, minor_status AS minor FROM jobs FORCE INDEX (claimable)
         WHERE waiting_in = ? AND user_priority <= ? AND (user_priority < ? OR job_id > ?)
         ORDER BY user_priority DESC, job_id LIMIT ?`,
        [queue, after.user_priority, after.user_priority, after.job_id, atOnce],
      );
      const other = page.filter((row) => row.minor === from).map(({ job_id }) => job_id);
      if (other.length > 0) {
        const { affectedRows } = await this.database.execute(
          "UPDATE jobs SET minor_status = ? WHERE job_id IN (?) AND status = 'Waiting' AND minor_status = ?",
          [to, other, from],
        );
        changed += affectedRows;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < atOnce) return changed;
      after = last;
    }
  }
}
