import { Injectable } from '@nestjs/common';
import { longestTokenSeconds, Tokens } from '../../auth/index.js';
import { type ClaimedJob, Expansion, JobDescription, substitute } from '../../contract/index.js';
import { BatchLane, Database } from '../../platform/index.js';
import type { ClaimedAttempt } from './earlier-claims.sql.js';

const largestCache = 1_000;
/** What is granted beyond the wall time of a pilot, so that its last outputs can still be brought home (seconds). */
const afterwards = 86_400;

/** Claimed attempts as a pilot gets them: with the description filled in, and a token for each. */
@Injectable()
export class ClaimedJobs {
  private readonly descriptions = new Map<number, JobDescription>();

  private readonly documents: BatchLane<number[], Map<number, string>>;

  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
  ) {
    this.documents = new BatchLane((lists) => this.read(lists), { largest: 200, lanes: 2 });
  }

  /** The reply for each attempt, in their order. `wallLeft` is what the pilot has left (seconds). */
  async describe(attempts: readonly ClaimedAttempt[], wallLeft: number): Promise<ClaimedJob[]> {
    const descriptions = await this.load(attempts.map(({ description_id }) => description_id));
    const lifetime = Math.min(longestTokenSeconds, wallLeft + afterwards);
    return attempts.map((attempt) => this.describeOne(attempt, descriptions.get(attempt.description_id), lifetime));
  }

  private describeOne(attempt: ClaimedAttempt, description: JobDescription | undefined, lifetime: number): ClaimedJob {
    const { job_id, vo, stamp, owner, owner_group, site, processors, memory, gpus, lease_seconds } = attempt;
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

  /** The caller gets a map of its own: other claims may throw out what it needs from the common one meanwhile. */
  private async load(ids: readonly number[]): Promise<Map<number, JobDescription>> {
    const wanted = new Map<number, JobDescription>();
    const missing = new Set<number>();
    for (const id of ids) {
      const known = this.descriptions.get(id);
      if (known === undefined) missing.add(id);
      else wanted.set(id, known);
    }
    if (missing.size === 0) return wanted;
    const documents = await this.documents.add([...missing]);
    for (const id of missing) {
      const document = documents.get(id);
      if (document === undefined) continue;
      const description = JobDescription.parse(JSON.parse(document));
      wanted.set(id, description);
      if (this.descriptions.size >= largestCache) this.descriptions.clear();
      this.descriptions.set(id, description);
    }
    return wanted;
  }

  /** The descriptions that several claims of a batch want, by one statement. */
  private async read(lists: number[][]): Promise<{ ok: Map<number, string> }[]> {
    const rows = await this.database.query<{ description_id: number; document: string }>(
      'SELECT description_id, document FROM job_descriptions WHERE description_id IN (?)',
      [[...new Set(lists.flat())]],
    );
    const documents = new Map(rows.map(({ description_id, document }) => [description_id, document]));
    return lists.map(() => ({ ok: documents }));
  }
}
