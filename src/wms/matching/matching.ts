import { Injectable } from '@nestjs/common';
import type { PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, type PilotCommand, Refusal } from '../../contract/index.js';
import { WakeUps } from '../../platform/index.js';
import { ClaimedJobs } from './claimed-jobs.js';
import { Claims, type Made } from './claims.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { PilotCalls } from './pilot-calls.js';
import { Waiting } from './waiting.js';

/** A pilot that waits looks again after so long, woken or not (milliseconds). */
const lookAgainAfter = 2_000;

interface Found {
  /** Null when the client has gone before anybody looked. */
  pilot: PilotRow | null;
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
    await this.pilots.acknowledge(stamp, request.acknowledged);
    for (let first = true; ; first = false) {
      const news = new Waiting(ends);
      try {
        // Listening begins before looking, so that nothing that happens meanwhile is missed.
        const fits = this.listen(news, stamp, request);
        const { pilot, jobs, commands } = await this.look(stamp, request, { first, client });
        fits(pilot);
        const left = deadline - performance.now();
        const drain = pilot !== null && pilot.drain !== 0;
        if (jobs.length > 0 || commands.length > 0 || drain || left <= 0 || ends.some(({ aborted }) => aborted)) {
          return { jobs: await this.claimed.describe(jobs, request.offer.wall_left), commands, drain };
        }
        await news.until(Math.min(left, lookAgainAfter));
      } finally {
        news.stop();
      }
    }
  }

  private async look(
    stamp: string,
    request: ClaimRequest,
    { first, client }: { first: boolean; client: AbortSignal },
  ): Promise<Found> {
    const { claim_id: claimId, offer, max_jobs: maxJobs } = request;
    const make = (): Promise<Made> => this.claims.make({ stamp, claimId, offer, maxJobs, signal: client });
    // The first look always goes to the database: the claim may be a repetition.
    const made = first && maxJobs > 0 ? await make() : await this.makeIfWorthwhile(stamp, request, make);
    if (made.fresh) this.pilots.wasNoted(stamp);
    else await this.pilots.touch(stamp, offer);
    const { pilot, jobs } = made;
    const commanded = pilot !== null && pilot.commanded !== 0;
    return { pilot, jobs, commands: commanded ? await this.pilots.commands(stamp) : [] };
  }

  /** A look at the pilot's row, which costs less than a claim, and the claim if anything might come of it. */
  private async makeIfWorthwhile(stamp: string, request: ClaimRequest, make: () => Promise<Made>): Promise<Made> {
    const { prospects } = this.claims;
    const pilot = await this.pilots.find(stamp);
    const refusal = prospects.refuse(pilot);
    if (pilot === undefined || refusal !== null) throw refusal ?? new Refusal('pilot-not-found');
    const worthwhile = request.max_jobs > 0 && pilot.drain === 0 && prospects.hasAny(pilot, request.offer);
    return worthwhile ? make() : { pilot, jobs: [], fresh: false };
  }

  /** Wakes `news` when there is something for this pilot; once its row is known, only by jobs that fit it. */
  private listen(news: Waiting, stamp: string, request: ClaimRequest): (pilot: PilotRow | null) => void {
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
