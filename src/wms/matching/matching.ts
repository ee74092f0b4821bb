import { Injectable } from '@nestjs/common';
import type { PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, type PilotCommand, Refusal } from '../../contract/index.js';
import { WakeUps } from '../../platform/index.js';
import { ClaimedJobs } from './claimed-jobs.js';
import { Claims } from './claims.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { PilotCalls } from './pilot-calls.js';
import { Waiting } from './waiting.js';

/** A pilot that waits looks again after so long, woken or not (milliseconds). */
const lookAgainAfter = 2_000;

interface Found {
  pilot: PilotRow;
  jobs: ClaimedAttempt[];
  commands: PilotCommand[];
}

/**
 * A pilot asks for work: jobs are claimed durably before the answer; commands for its attempts travel with it. With
 * nothing to give, the pilot may wait and is woken when a fitting job or a command arrives.
 */
@Injectable()
export class Matching {
  constructor(
    private readonly pilots: PilotCalls,
    private readonly claims: Claims,
    private readonly claimed: ClaimedJobs,
    private readonly wakeUps: WakeUps,
  ) {}

  /**
   * One claim. `client` is aborted when nobody reads the answer any more, `stopping` when the server stops: whoever waits
   * then gets the answer that there is.
   */
  async claim(
    { stamp }: PilotPrincipal,
    request: ClaimRequest,
    { client, stopping }: { client: AbortSignal; stopping: AbortSignal },
  ): Promise<ClaimReply> {
    const deadline = performance.now() + request.wait * 1_000;
    const ends = [client, stopping];
    await Promise.all([this.pilots.acknowledge(stamp, request.acknowledged), this.pilots.touch(stamp)]);
    for (let first = true; ; first = false) {
      const news = new Waiting(ends);
      try {
        // Listening begins before looking, so that nothing that happens meanwhile is missed.
        const fits = this.listen(news, stamp, request);
        const { pilot, jobs, commands } = await this.look(stamp, request, { first, client });
        fits(pilot);
        const left = deadline - performance.now();
        const drain = pilot.drain !== 0;
        if (jobs.length > 0 || commands.length > 0 || drain || left <= 0 || ends.some(({ aborted }) => aborted)) {
          return { jobs: await this.claimed.describe(jobs, request.offer.wall_left), commands, drain };
        }
        await news.until(Math.min(left, lookAgainAfter));
      } finally {
        news.stop();
      }
      await this.pilots.touch(stamp);
    }
  }

  private async look(
    stamp: string,
    request: ClaimRequest,
    { first, client }: { first: boolean; client: AbortSignal },
  ): Promise<Found> {
    const [pilot, commands] = await Promise.all([this.pilots.find(stamp), this.pilots.commands(stamp)]);
    const refusal = this.claims.prospects.refuse(pilot);
    if (pilot === undefined) throw new Refusal('pilot-not-found');
    if (refusal !== null) throw refusal;
    const { claim_id: claimId, offer, max_jobs: maxJobs } = request;
    // The first look always goes to the database: the claim may be a repetition.
    const worthwhile = maxJobs > 0 && pilot.drain === 0 && (first || this.claims.prospects.hasAny(pilot, offer));
    const jobs = worthwhile ? await this.claims.make({ stamp, claimId, offer, maxJobs, signal: client }) : [];
    return { pilot, jobs, commands };
  }

  /** Wakes `news` when there is something for this pilot; once its row is known, only by jobs that fit it. */
  private listen(news: Waiting, stamp: string, request: ClaimRequest): (pilot: PilotRow) => void {
    let row: PilotRow | null = null;
    const { prospects } = this.claims;
    const onCommand = this.wakeUps.on('pilot', (ids) => {
      if (ids.includes(stamp)) news.wake();
    });
    const onJobs = prospects.onWaiting((queues) => {
      if (row === null || prospects.hasAnyOf(queues, row, request.offer)) news.wake();
    });
    news.listensTo(onCommand);
    news.listensTo(onJobs);
    return (pilot) => {
      row = pilot;
    };
  }
}
