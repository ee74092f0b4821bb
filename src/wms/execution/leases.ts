import { Inject, Injectable } from '@nestjs/common';
import { minor } from '../../contract/index.js';
import { Database, PLATFORM_CONFIG, type PlatformConfig, type Queryable } from '../../platform/index.js';
import { Jobs } from '../jobs/jobs.js';
import { AttemptEnds } from './attempt-ends.js';

const batch = 200;

/**
 * What the sweeper does with leases, in database time. A wrapper kills its payload before its lease ends, so an attempt
 * whose lease ended longer ago than the margin has no payload any more and the next one may begin.
 */
@Injectable()
export class Leases {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly ends: AttemptEnds,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {}

  /**
   * Ends the attempts whose lease and margin are over, at most `limit`; gives their number. Nothing ends until the
   * database has been up for a lease and a margin: while it was down nobody could renew, so all get that time again.
   */
  async expire(limit: number): Promise<number> {
    const { leaseSeconds, leaseMarginSeconds } = this.settings;
    if ((await uptime(this.database)) < leaseSeconds + leaseMarginSeconds) return 0;
    let total = 0;
    while (total < limit) {
      const size = Math.min(batch, limit - total);
      const ended = await this.expireBatch(size);
      total += ended;
      if (ended < size) break;
    }
    return total;
  }

  /**
   * Shows the running jobs of silent pilots as Stalled; a heartbeat makes them Running again. Their attempts go on.
   * Gives the number of jobs that became Stalled.
   */
  async markSilent(): Promise<number> {
    const { silentSeconds } = this.settings;
    const silent = await this.database.query<{ job_id: number; attempt: number }>(
      `SELECT l.job_id, l.attempt FROM pilots p JOIN leases l ON l.pilot_stamp = p.stamp JOIN jobs j USING (job_id)
       WHERE p.status IN ('Running', 'Unknown') AND j.status = 'Running'
         AND p.last_contact < NOW(6) - INTERVAL ? SECOND AND l.claimed_at < NOW(6) - INTERVAL ? SECOND
       ORDER BY l.job_id LIMIT 5000`,
      [silentSeconds, silentSeconds],
    );
    if (silent.length === 0) return 0;
    const moved = await this.jobs.change((tx, effects) =>
      this.jobs.move(
        tx,
        effects,
        silent.map(({ job_id: jobId, attempt }) => ({
          jobId,
          attempt,
          source: 'LeaseSweeper',
          minor: minor.stalled,
          to: 'Stalled' as const,
          from: ['Running' as const],
        })),
      ),
    );
    return [...moved.values()].filter(({ changed }) => changed).length;
  }

  /**
   * Stamps of pilots that hold nothing and have been silent for longer than a lease and its margin: whatever ran there has
   * stopped itself. The database's own downtime is no silence of theirs.
   */
  async abandoned(limit: number): Promise<string[]> {
    const patience = this.settings.leaseSeconds + this.settings.leaseMarginSeconds;
    if ((await uptime(this.database)) < patience) return [];
    const rows = await this.database.query<{ stamp: string }>(
      `SELECT p.stamp FROM pilots p WHERE p.status IN ('Running', 'Unknown')
         AND p.last_contact < NOW(6) - INTERVAL ? SECOND
         AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = p.stamp)
       ORDER BY p.last_contact LIMIT ?`,
      [patience, limit],
    );
    return rows.map(({ stamp }) => stamp);
  }

  private async expireBatch(size: number): Promise<number> {
    const candidates = await this.expired(this.database, 'ORDER BY expires_at LIMIT ?', size);
    if (candidates.length === 0) return 0;
    const ended = await this.jobs.change(async (tx, effects) => {
      const ids = candidates.map(({ job_id }) => job_id);
      await this.jobs.lock(tx, ids);
      // A heartbeat may have been faster: what counts is what the locks show.
      const leases = await this.expired(tx, 'AND job_id IN (?)', ids);
      const endings = leases.map(({ job_id: jobId, attempt }) => ({
        jobId,
        attempt,
        source: 'LeaseSweeper',
        parameters: {},
        end: {
          outcome: 'lost' as const,
          failureClass: 'infrastructure' as const,
          minor: minor.leaseExpired,
        },
      }));
      return this.ends.end(tx, effects, endings);
    });
    return ended.size;
  }

  private expired(
    database: Queryable,
    further: string,
    value: unknown,
  ): Promise<{ job_id: number; attempt: number }[]> {
    return database.query<{ job_id: number; attempt: number }>(
      `SELECT job_id, attempt FROM leases WHERE expires_at < NOW(6) - INTERVAL ? SECOND ${further}`,
      [this.settings.leaseMarginSeconds, value],
    );
  }
}

/** Seconds since the database server started. */
async function uptime(database: Queryable): Promise<number> {
  const [row] = await database.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Uptime'");
  if (row === undefined) throw new Error('The database does not tell its uptime');
  return Number(row.Value);
}
