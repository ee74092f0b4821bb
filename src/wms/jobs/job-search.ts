import { Injectable } from '@nestjs/common';
import { scopeCondition, type UserPrincipal, visibleJobs } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import type { jobs, ListBody, ReplyOf, SearchBody, SearchSpec } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import { type Condition, type Page, Searches } from '../search/index.js';
import { ownersOf } from '../counters/index.js';
import { searchableJobs } from './job-columns.js';
import { historiesOf } from './history.js';

type Row = Record<string, unknown>;
const loggingInfo = 'LoggingInfo';

/** Jobs as users look for them: only those of their VO, and only their own where the VO says so. */
@Injectable()
export class JobSearch {
  constructor(
    private readonly searches: Searches,
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** One page. `LoggingInfo` among the parameters adds the history of each job. */
  async search(user: UserPrincipal, body: SearchBody, paging: { page: number; per_page: number }): Promise<Page> {
    const asked = body.parameters ?? [];
    const named = asked.filter((name) => name !== loggingInfo);
    const withHistory = named.length < asked.length;
    // The history belongs to a job, so its id comes along; alone, it comes with the whole row.
    const parameters = withHistory && named.length > 0 ? ['JobID', ...named] : named;
    const narrowed = { ...body, parameters, search: await this.narrowed(user, body.search) };
    const page = await this.searches.page(searchableJobs, narrowed, paging, this.visibleTo(user));
    if (withHistory) await this.addHistories(page.rows);
    return page;
  }

  /** The next jobs of a listing. */
  async list(user: UserPrincipal, body: ListBody): Promise<ReplyOf<typeof jobs.list>> {
    const narrowed = { ...body, search: await this.narrowed(user, body.search) };
    const { rows, next, total } = await this.searches.stretch(searchableJobs, narrowed, this.visibleTo(user));
    return { jobs: rows, next, total };
  }

  /** Counts by groups of columns. */
  async summary(user: UserPrincipal, grouping: readonly string[], search: readonly SearchSpec[]): Promise<Row[]> {
    return this.searches.summary(searchableJobs, grouping, await this.narrowed(user, search), this.visibleTo(user));
  }

  /** What a user may see, as a condition on `jobs j`. */
  visibleTo(user: UserPrincipal): Condition {
    const scope = this.scopeOf(user);
    const reads = ['j.vo'];
    if (scope.ownerSubject !== undefined) reads.push('j.owner_subject', 'j.owner_group');
    return { ...scopeCondition(scope, 'j'), reads };
  }

  private scopeOf(user: UserPrincipal): ReturnType<typeof visibleJobs> {
    return visibleJobs(user, this.configuration.get().document.vos[user.vo]?.see_all_jobs ?? false);
  }

  /**
   * For those who see only their own jobs: these are found by the names under which they were submitted, for which there
   * is an index. A name is a label that may change; the counters know all that a subject has had.
   */
  private async narrowed(user: UserPrincipal, search: readonly SearchSpec[]): Promise<SearchSpec[]> {
    const { vo, ownerSubject, orGroup } = this.scopeOf(user);
    if (ownerSubject === undefined || orGroup !== undefined) return [...search];
    const names = await ownersOf(this.database, vo, ownerSubject);
    const [only = user.username, ...others] = names;
    if (others.length > 0) return [...search, { parameter: 'Owner', operator: 'in', values: names }];
    return [...search, { parameter: 'Owner', operator: 'eq', value: only }];
  }

  private async addHistories(rows: Row[]): Promise<void> {
    const histories = await historiesOf(
      this.database,
      rows.map((row) => Number(row.JobID)),
    );
    for (const row of rows) {
      row[loggingInfo] = (histories.get(Number(row.JobID)) ?? []).map(({ Attempt: _attempt, ...entry }) => entry);
    }
  }
}
