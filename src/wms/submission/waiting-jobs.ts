import { Injectable } from '@nestjs/common';
import { Refusal } from '../../contract/index.js';
import { Database, RecentCounts } from '../../platform/index.js';
import { countWaiting } from './count-waiting.sql.js';

const freshSeconds = 2;

/** Whose jobs are counted; the name is for people only. */
export interface WaitingOwner {
  vo: string;
  subject: string;
  username: string;
}

/**
 * How many jobs of each owner wait, in one VO. The number is exact when it is counted and used for two seconds, in which
 * this server adds what it accepts itself. So an owner comes over the limit by no more than what other servers accept
 * from the same owner within two seconds.
 */
@Injectable()
export class WaitingJobs {
  private readonly counts = new RecentCounts(freshSeconds);

  constructor(private readonly database: Database) {}

  /** Refuses with `too-many-waiting-jobs` when `more` jobs would bring the owner above `limit`. */
  async admit({ vo, subject, username }: WaitingOwner, more: number, limit: number): Promise<void> {
    const countNow = (): Promise<number> => countWaiting(this.database, vo, subject);
    const { fits, count } = await this.counts.add(`${vo}/${subject}`, { more, limit }, countNow);
    if (fits) return;
    const said = `${username} has ${count} waiting jobs; with ${more} more it would exceed the limit of ${limit}`;
    throw new Refusal('too-many-waiting-jobs', said, { retryAfter: 60 });
  }
}
