import { Injectable } from '@nestjs/common';
import { mayReadPilot, scopeCondition, type UserPrincipal, visibleJobs } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type pilots, Refusal, type ReplyOf, type SearchBody, type SearchSpec } from '../../contract/index.js';
import { Database, toWire } from '../../platform/index.js';
import { type Condition, type Page, printValue, Searches } from '../search/index.js';
import { searchablePilots } from './pilot-columns.js';

type Row = Record<string, unknown>;
type Details = ReplyOf<typeof pilots.find>;

/** Pilots as users look for them: those of their own VO. */
@Injectable()
export class PilotSearch {
  constructor(
    private readonly searches: Searches,
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** One page of pilots. */
  search(user: UserPrincipal, body: SearchBody, paging: { page: number; per_page: number }): Promise<Page> {
    return this.searches.page(searchablePilots, body, paging, visibleTo(user));
  }

  /** Counts by groups of columns. */
  summary(user: UserPrincipal, grouping: readonly string[], search: readonly SearchSpec[]): Promise<Row[]> {
    return this.searches.summary(searchablePilots, grouping, search, visibleTo(user));
  }

  /** Everything known of one pilot. One of another VO looks unknown. */
  async find(user: UserPrincipal, stamp: string): Promise<Details> {
    const columns = [...searchablePilots.columns].map(([name, { sql }]) => `${sql} AS \`${name}\``).join(', ');
    const [row] = await this.database.query<
      Row & { vo: string; node: string | null; log_state: Details['log']['state'] }
    >(
      `SELECT ${columns}, p.vo, p.node, p.log_state, p.log_bytes,
         (SELECT COUNT(*) FROM pilot_log_chunks c WHERE c.stamp = p.stamp) AS chunks
       FROM pilots p WHERE p.stamp = ?`,
      [stamp],
    );
    if (row === undefined || !mayReadPilot(user, row))
      throw new Refusal('pilot-not-found', `There is no pilot ${stamp}`);
    const pilot = [...searchablePilots.columns].map(([name, { kind }]) => [name, printValue(row[name], kind)]);
    return {
      pilot: Object.fromEntries(pilot) as Row,
      node: row.node === null ? null : (JSON.parse(row.node) as Row),
      jobs: await this.jobsOf(stamp),
      log: { state: row.log_state, chunks: Number(row.chunks), bytes: Number(row.log_bytes) },
    };
  }

  /** Which pilots ran the attempts of a job that the user may see. */
  async ofJob(user: UserPrincipal, jobId: number): Promise<ReplyOf<typeof pilots.ofJob>> {
    const seeAll = this.configuration.get().document.vos[user.vo]?.see_all_jobs ?? false;
    const { sql, values } = scopeCondition(visibleJobs(user, seeAll), 'j');
    const [job] = await this.database.query(`SELECT 1 AS seen FROM jobs j WHERE j.job_id = ? AND ${sql}`, [
      jobId,
      ...values,
    ]);
    if (job === undefined) throw new Refusal('job-not-found', `There is no job ${jobId}`);
    const attempts = await this.database.query<{ attempt: number; stamp: string }>(
      'SELECT attempt, pilot_stamp AS stamp FROM attempts WHERE job_id = ? ORDER BY attempt',
      [jobId],
    );
    return { pilots: attempts };
  }

  private async jobsOf(stamp: string): Promise<Details['jobs']> {
    const rows = await this.database.query<{
      job_id: number;
      attempt: number;
      claimed_at: string;
      ended_at: string | null;
    }>(
      `SELECT job_id, attempt, claimed_at, ended_at FROM attempts FORCE INDEX (of_claim)
       WHERE pilot_stamp = ? ORDER BY claimed_at, job_id LIMIT 10000`,
      [stamp],
    );
    return rows.map((row) => ({ ...row, claimed_at: toWire(row.claimed_at), ended_at: toWire(row.ended_at) }));
  }
}

function visibleTo(user: UserPrincipal): Condition {
  return { sql: 'p.vo = ?', values: [user.vo] };
}
