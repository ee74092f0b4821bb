import { Injectable } from '@nestjs/common';
import { Refusal } from '../../contract/index.js';
import { Database } from '../../platform/index.js';

const freshSeconds = 10;
const mostOwners = 10_000;

/**
 * How many jobs of each owner wait. The numbers are a few seconds old, so an owner who submits through several servers
 * at once may come somewhat over the limit: it protects the database, and is no quota.
 */
@Injectable()
export class WaitingJobs {
  private readonly counts = new Map<string, { count: number; readAt: number }>();

  constructor(private readonly database: Database) {}

  /** Refuses with `too-many-waiting-jobs` when `more` jobs would bring the owner above `limit`. */
  async admit(owner: { vo: string; username: string }, more: number, limit: number): Promise<void> {
    const known = this.counts.get(keyOf(owner));
    const fresh = known !== undefined && Date.now() - known.readAt < freshSeconds * 1_000;
    if (fresh && known.count + more <= limit) {
      known.count += more;
      return;
    }
    const count = await this.count(owner, limit);
    if (count + more > limit) {
      const said = `${owner.username} has ${count} waiting jobs; with ${more} more it would exceed the limit of ${limit}`;
      throw new Refusal('too-many-waiting-jobs', said, { retryAfter: 60 });
    }
    if (this.counts.size >= mostOwners) this.counts.clear();
    this.counts.set(keyOf(owner), { count: count + more, readAt: Date.now() });
  }

  /** Counts on the index by owner and stops at the limit. */
  private async count(owner: { vo: string; username: string }, limit: number): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `SELECT COUNT(*) AS count FROM (
         SELECT 1 FROM jobs WHERE vo = ? AND owner = ? AND status IN ('Received', 'Checking', 'Waiting') LIMIT ?
       ) AS waiting`,
      [owner.vo, owner.username, limit + 1],
    );
    return Number(row?.count ?? 0);
  }
}

function keyOf({ vo, username }: { vo: string; username: string }): string {
  return `${vo}/${username}`;
}
