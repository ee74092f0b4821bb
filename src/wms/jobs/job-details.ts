import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import {
  type Attempt,
  type Expansion,
  type JobDescription,
  type jobs,
  Refusal,
  type ReplyOf,
  substitute,
} from '../../contract/index.js';
import { Database, toWire } from '../../platform/index.js';
import { historiesOf } from './history.js';
import { searchableJobs } from './job-columns.js';
import { JobSearch } from './job-search.js';
import { parametersOf } from './parameters.js';
import { printValue } from '../search/index.js';

interface Found extends Record<string, unknown> {
  attempt: number;
  status: string;
  document: string;
  jdl: string | null;
  expansion: string | null;
}

/** Everything about one job, for those who may see it; to all others it is unknown. */
@Injectable()
export class JobDetails {
  constructor(
    private readonly database: Database,
    private readonly search: JobSearch,
  ) {}

  /** Row, description with its parameters filled in, parameters of the current attempt, attempts and history. */
  async find(user: UserPrincipal, jobId: number): Promise<ReplyOf<typeof jobs.find>> {
    const found = await this.row(user, jobId);
    const histories = await historiesOf(this.database, [jobId]);
    const columns = [...searchableJobs.columns];
    return {
      job: Object.fromEntries(columns.map(([name, { kind }]) => [name, printValue(found[name], kind)])),
      description: describe(found, jobId),
      parameters: await parametersOf(this.database, jobId, found.attempt),
      attempts: await this.attempts(jobId),
      history: [...(histories.get(jobId) ?? [])].map((entry) => ({ ...entry })),
    };
  }

  /** The JDL as it was submitted; null for a job submitted as JSON. */
  async jdl(user: UserPrincipal, jobId: number): Promise<ReplyOf<typeof jobs.jdl>> {
    const { jdl } = await this.row(user, jobId);
    return { jdl };
  }

  /** What the payload printed last: by its latest heartbeat while it runs, else as its attempt left it. */
  async peek(user: UserPrincipal, jobId: number): Promise<ReplyOf<typeof jobs.peek>> {
    const { status, attempt } = await this.row(user, jobId);
    const [live] = await this.database.query<{ attempt: number; output_tail: string | null; output_at: string | null }>(
      'SELECT attempt, output_tail, output_at FROM leases WHERE job_id = ?',
      [jobId],
    );
    if (live !== undefined && live.output_tail !== null) {
      return { text: live.output_tail, at: toWire(live.output_at), status, attempt: live.attempt };
    }
    const [last] = await this.database.query<{ attempt: number; value: string }>(
      `SELECT attempt, value FROM job_parameters WHERE job_id = ? AND name = 'StandardOutput' ORDER BY attempt DESC LIMIT 1`,
      [jobId],
    );
    return { text: last?.value ?? '', at: null, status, attempt: last?.attempt ?? attempt };
  }

  private async row(user: UserPrincipal, jobId: number): Promise<Found> {
    const within = this.search.visibleTo(user);
    const columns = [...searchableJobs.columns].map(([name, { sql }]) => `${sql} AS \`${name}\``).join(', ');
    const [found] = await this.database.query<Found>(
      `SELECT ${columns}, j.attempt, j.status, j.expansion, d.document, d.jdl
       FROM jobs j JOIN job_descriptions d ON d.description_id = j.description_id WHERE j.job_id = ? AND ${within.sql}`,
      [jobId, ...within.values],
    );
    if (found === undefined) throw new Refusal('job-not-found', `There is no job ${jobId}`);
    return found;
  }

  private async attempts(jobId: number): Promise<Attempt[]> {
    const rows = await this.database.query<Attempt>(
      `SELECT attempt, holder_kind, pilot_stamp, site, ce, processors, memory, claimed_at, started_at, ended_at, outcome,
         failure_class, exit_code, isolation, host
       FROM attempts WHERE job_id = ? ORDER BY attempt, claimed_at`,
      [jobId],
    );
    return rows.map((row) => ({
      ...row,
      claimed_at: toWire(row.claimed_at),
      started_at: toWire(row.started_at),
      ended_at: toWire(row.ended_at),
    }));
  }
}

function describe({ document, expansion }: Found, jobId: number): JobDescription {
  const values = expansion === null ? null : (JSON.parse(expansion) as Expansion);
  return substitute(JSON.parse(document) as JobDescription, values, jobId);
}
