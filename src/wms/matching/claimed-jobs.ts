import { Injectable } from '@nestjs/common';
import { longestTokenSeconds, Tokens } from '../../auth/index.js';
import { type ClaimedJob, Expansion, type JobDescription, substitute } from '../../contract/index.js';
import { Descriptions, type KnownDescription } from './descriptions.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';

/** What is granted beyond the wall time of a pilot, so that its last outputs can still be brought home (seconds). */
const afterwards = 86_400;

/** Claimed attempts as a pilot gets them: with the description filled in, and a token for each. */
@Injectable()
export class ClaimedJobs {
  constructor(
    private readonly descriptions: Descriptions,
    private readonly tokens: Tokens,
  ) {}

  /** The reply for each attempt, in their order. `wallLeft` is what the pilot has left (seconds). */
  async describe(attempts: readonly ClaimedAttempt[], wallLeft: number): Promise<ClaimedJob[]> {
    const descriptions = await this.descriptions.find(attempts.map(({ description_id }) => description_id));
    const lifetime = Math.min(longestTokenSeconds, wallLeft + afterwards);
    return attempts.map((attempt) => this.describeOne(attempt, descriptions.get(attempt.description_id), lifetime));
  }

  private describeOne(attempt: ClaimedAttempt, known: KnownDescription | undefined, lifetime: number): ClaimedJob {
    const { job_id, vo, stamp, owner, owner_group, site, processors, memory, gpus, lease_seconds } = attempt;
    if (known === undefined) throw new Error(`Job ${job_id} has no description ${attempt.description_id}`);
    const { token } = this.tokens.forAttempt({ vo, stamp, jobId: job_id, attempt: attempt.attempt }, lifetime);
    return {
      job_id,
      attempt: attempt.attempt,
      token,
      lease_seconds,
      owner,
      owner_group,
      vo,
      site,
      processors,
      memory,
      gpus,
      description: known.isFixed ? known.description : filledIn(known.description, attempt),
    };
  }
}

function filledIn(description: JobDescription, { job_id, expansion }: ClaimedAttempt): JobDescription {
  return substitute(description, expansion === null ? null : Expansion.parse(JSON.parse(expansion)), job_id);
}
