import { Injectable } from '@nestjs/common';
import type { PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, type PilotCommand, Refusal } from '../../contract/index.js';
import { ClaimedJobs } from './claimed-jobs.js';
import { Claims } from './claims.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { PilotCalls, type Sight } from './pilot-calls.js';
import type { WaitingCall } from './waiting-call.js';
import { WaitingRoom } from './waiting-room.js';

/**
 * A claim that waits for less than so long (seconds) is made under the lock of its pilot at once. One that waits longer
 * is only looked up first, and once more at its end: by then whatever an earlier request with its id got is to be seen.
 */
const shortWait = 5;

interface Found {
  /** Null when the client has gone before anybody looked. */
  pilot: PilotRow | null;
  jobs: ClaimedAttempt[];
  commands: PilotCommand[];
}

/**
 * A pilot asks for work: jobs are claimed durably before the answer; commands for its attempts travel with it. With
 * nothing to give, the pilot may wait and is called when a fitting job or a command arrives.
 */
@Injectable()
export class Matching {
  constructor(
    private readonly pilots: PilotCalls,
    private readonly claims: Claims,
    private readonly claimed: ClaimedJobs,
    private readonly room: WaitingRoom,
  ) {}

  /**
   * One claim. `client` is aborted when nobody reads the answer any more. Who waits when the server stops gets the answer
   * that there is.
   */
  async claim({ stamp }: PilotPrincipal, request: ClaimRequest, client: AbortSignal): Promise<ClaimReply> {
    const deadline = performance.now() + request.wait * 1_000;
    await this.pilots.acknowledge(stamp, request.acknowledged);
    // Listening begins before looking, so that nothing that happens meanwhile is missed.
    const call = this.room.enter(stamp);
    const gone = (): void => call.end();
    client.addEventListener('abort', gone, { once: true });
    if (client.aborted) gone();
    try {
      const { pilot, jobs, commands } = await this.wait(call, request, { client, deadline });
      const drain = pilot !== null && pilot.drain !== 0;
      return { jobs: await this.claimed.describe(jobs, request.offer.wall_left), commands, drain };
    } finally {
      client.removeEventListener('abort', gone);
      this.room.leave(call);
    }
  }

  private async wait(
    call: WaitingCall,
    request: ClaimRequest,
    { client, deadline }: { client: AbortSignal; deadline: number },
  ): Promise<Found> {
    const { max_jobs: maxJobs, offer } = request;
    // A server that stops lets nobody wait, but gives what there is.
    const short = request.wait < shortWait || call.isOver;
    let found =
      short && maxJobs > 0
        ? await this.make(call, request, client)
        : await this.lookAtRow(call, request, maxJobs > 0 ? request.claim_id : null);
    for (let first = true; isEmpty(found); first = false) {
      const left = deadline - performance.now();
      if (left <= 0) return found;
      if (maxJobs > 0 && found.pilot !== null) this.room.awaitJobs(call, found.pilot, offer);
      // What came before it stood in its cohort, nobody has told it.
      if (first) this.room.seek(call);
      const news = await call.news(left);
      if (news === 'end') return client.aborted ? found : this.lookLast(call, request, found);
      found = news === 'jobs' ? await this.make(call, request, client) : await this.lookAtRow(call, request);
    }
    return found;
  }

  /** What has come of an earlier request of this claim, if there was one. */
  private async lookLast(call: WaitingCall, request: ClaimRequest, found: Found): Promise<Found> {
    if (request.wait < shortWait || request.max_jobs === 0) return found;
    return this.found(await this.pilots.lookLast(call.stamp, request.claim_id));
  }

  private async lookAtRow(
    call: WaitingCall,
    { max_jobs: maxJobs, offer }: ClaimRequest,
    claimId: string | null = null,
  ): Promise<Found> {
    this.room.looked(call);
    const found = await this.found(await this.pilots.look(call.stamp, claimId));
    this.pilots.touchLater(call.stamp, maxJobs > 0 ? offer : null);
    return found;
  }

  private async found({ pilot, earlier }: Sight): Promise<Found> {
    const refusal = this.claims.prospects.refuse(pilot);
    if (pilot === undefined || refusal !== null) throw refusal ?? new Refusal('pilot-not-found');
    return this.withCommands(pilot, earlier);
  }

  private async make(call: WaitingCall, request: ClaimRequest, signal: AbortSignal): Promise<Found> {
    const { stamp } = call;
    const { claim_id: claimId, offer, max_jobs: maxJobs } = request;
    const { pilot, jobs, fresh } = await this.claims.make({ stamp, claimId, offer, maxJobs, signal });
    if (fresh) this.pilots.wasNoted(stamp);
    else await this.pilots.touch(stamp, offer);
    if (jobs.length > 0) this.room.settle(call, 'got');
    else this.room.settle(call, pilot === null || pilot.drain !== 0 ? 'absent' : 'nothing');
    return this.withCommands(pilot, jobs);
  }

  private async withCommands(pilot: PilotRow | null, jobs: ClaimedAttempt[]): Promise<Found> {
    const commanded = pilot !== null && pilot.commanded !== 0;
    return { pilot, jobs, commands: commanded ? await this.pilots.commands(pilot.stamp) : [] };
  }
}

function isEmpty({ pilot, jobs, commands }: Found): boolean {
  return jobs.length === 0 && commands.length === 0 && (pilot === null || pilot.drain === 0);
}
