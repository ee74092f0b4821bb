import { Injectable } from '@nestjs/common';
import { longestTokenSeconds, Tokens } from '../../auth/index.js';
import { type ClaimedJob, Expansion, JobDescription, substitute } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';

const largestCache = 1_000;
/** What is granted beyond the wall time of a pilot, so that its last outputs can still be brought home (seconds). */
const afterwards = 86_400;

/** Claimed attempts as a pilot gets them: with the description filled in, and a token for each. */
@Injectable()
export class ClaimedJobs {
  private readonly descriptions = new Map<number, JobDescription>();

  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
  ) {}

  /** The reply for each attempt, in their order. `wallLeft` is what the pilot has left (seconds). */
  async describe(attempts: readonly ClaimedAttempt[], wallLeft: number): Promise<ClaimedJob[]> {
    await this.load(attempts.map(({ description_id }) => description_id));
    return attempts.map((attempt) => this.describeOne(attempt, Math.min(longestTokenSeconds, wallLeft + afterwards)));
  }

  private describeOne(attempt: ClaimedAttempt, lifetime: number): ClaimedJob {
    const { job_id, vo, stamp, owner, owner_group, site, processors, memory, gpus, lease_seconds } = attempt;
    const description = this.descriptions.get(attempt.description_id);
    if (description === undefined) throw new Error(`Job ${job_id} has no description ${attempt.description_id}`);
    const expansion = attempt.expansion === null ? null : Expansion.parse(JSON.parse(attempt.expansion));
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
      description: substitute(description, expansion, job_id),
    };
  }

  private async load(ids: readonly number[]): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.descriptions.has(id));
    if (missing.length === 0) return;
    if (this.descriptions.size + missing.length > largestCache) {
      for (const id of this.descriptions.keys()) if (!ids.includes(id)) this.descriptions.delete(id);
    }
    const rows = await this.database.query<{ description_id: number; document: string }>(
      'SELECT description_id, document FROM job_descriptions WHERE description_id IN (?)',
      [missing],
    );
    for (const { description_id, document } of rows) {
      this.descriptions.set(description_id, JobDescription.parse(JSON.parse(document)));
    }
  }
}
