import { Inject, Injectable } from '@nestjs/common';
import { Refusal, type SearchBody, type SearchSpec } from '../../contract/index.js';
import { Database, PLATFORM_CONFIG, type PlatformConfig } from '../../platform/index.js';
import { countedSummary, countedTotal, countersFor } from './counted.js';
import { cursorAfter, keysetStatement, type Listing } from './keyset.js';
import { type Condition, printValue, type Searchable } from './searchable.js';
import { countStatement, pageStatement, selectionOf, type Statement, summaryStatement } from './statements.js';

type Row = Record<string, unknown>;

/** A page of a search. `total` counts all rows that match, on every page. */
export interface Page {
  rows: Row[];
  total: number;
}

/** A stretch of a listing; `next` is the cursor of the next one, null at the end. */
export interface Stretch {
  rows: Row[];
  next: string | null;
  /** Null when it was not asked for, or could not be counted in time. */
  total: number | null;
}

/** Most groups of a summary. */
const mostGroups = 10_000;

const timeouts = new Set([1969, 3024]);
const badRegex = (errno: number): boolean => errno === 1139 || (errno >= 3685 && errno <= 3700);

/** Searches and summaries of a {@link Searchable} table, each under a deadline. Totals come from counters where they can. */
@Injectable()
export class Searches {
  private isMariaDb: boolean | undefined;

  constructor(
    private readonly database: Database,
    @Inject(PLATFORM_CONFIG) private readonly settings: Pick<PlatformConfig, 'searchSeconds'>,
  ) {}

  /** One page of the rows that match, within what the caller may see. */
  async page(
    table: Searchable,
    body: SearchBody,
    paging: { page: number; per_page: number },
    within: Condition,
  ): Promise<Page> {
    const ends = this.ends();
    const selection = selectionOf(table, body.parameters ?? [], body.search, within);
    const offset = (paging.page - 1) * paging.per_page;
    const statement = pageStatement(table, selection, body, { limit: paging.per_page, offset });
    const rows = (await this.run(statement, ends)).map((row) => printRow(row, statement));
    // A page that is not full is the last one, so the total is known without counting.
    if (rows.length < paging.per_page && (rows.length > 0 || offset === 0))
      return { rows, total: offset + rows.length };
    const counters = body.distinct ? null : countersFor(table, body.search, { within, grouping: [] });
    const total =
      counters === null
        ? countStatement(table, selection, body.distinct)
        : countedTotal(table, counters, selection.where);
    return { rows, total: await this.number(total, ends) };
  }

  /** The next rows of a listing, after those that its cursor stands for. */
  async stretch(table: Searchable, listing: Listing, within: Condition): Promise<Stretch> {
    const ends = this.ends();
    const selection = selectionOf(table, listing.parameters ?? [], listing.search, within);
    const statement = keysetStatement(table, selection, listing);
    const found = await this.run(statement, ends);
    const rows = found.slice(0, listing.limit).map((row) => printRow(row, statement));
    const last = found.length > listing.limit ? found[listing.limit - 1] : undefined;
    const next = last === undefined ? null : cursorAfter(listing, last);
    // All that there is, read from the beginning, needs no counting.
    const isAll = next === null && (listing.cursor ?? null) === null;
    const count = () => this.totalInTime(table, { listing, where: selection.where, within }, ends);
    const total = listing.total ? (isAll ? rows.length : await count()) : null;
    return { rows, next, total };
  }

  /** Rows counted by groups of columns; `count` stands last in each row. */
  async summary(
    table: Searchable,
    grouping: readonly string[],
    search: readonly SearchSpec[],
    within: Condition,
  ): Promise<Row[]> {
    const limit = mostGroups + 1;
    const statement = summaryStatement(table, grouping, search, { within, limit });
    const { columns, where } = statement;
    const counters = countersFor(table, search, { within, grouping: columns.map(([, column]) => column) });
    const counted = counters === null ? statement : countedSummary(table, counters, { columns, where, limit });
    const rows = await this.run(counted, this.ends());
    if (rows.length > mostGroups) {
      throw new Refusal('invalid-search', `The summary has more than ${mostGroups} groups; narrow the search`);
    }
    return rows.map((row) => ({ ...printRow(row, statement, '+00:00'), count: Number(row.row_count) }));
  }

  /**
   * Runs a SELECT until `ends`, in milliseconds of this process's clock. Refuses with `search-deadline`, or
   * `invalid-search` for a bad regular expression.
   */
  async run({ sql, values }: Condition, ends = this.ends()): Promise<Row[]> {
    // A millisecond is the least that MySQL takes; 0 would be no deadline at all.
    const seconds = Math.max(ends - Date.now(), 1) / 1_000;
    try {
      return await this.database.query(await this.withDeadline(sql, seconds), values);
    } catch (error) {
      const errno = Number((error as { driverError?: { errno?: number } }).driverError?.errno);
      if (timeouts.has(errno)) throw new Refusal('search-deadline', this.whatToDo(), { cause: error });
      if (badRegex(errno))
        throw new Refusal('invalid-search', `Invalid regex ${regexOf(sql, values)}`, { cause: error });
      throw error;
    }
  }

  private async totalInTime(
    table: Searchable,
    { listing, where, within }: { listing: Listing; where: Condition; within: Condition },
    ends: number,
  ): Promise<number | null> {
    const counters = countersFor(table, listing.search, { within, grouping: [] });
    const statement =
      counters === null ? countStatement(table, { columns: [], where }, false) : countedTotal(table, counters, where);
    try {
      return await this.number(statement, ends);
    } catch (error) {
      if (error instanceof Refusal && error.code === 'search-deadline') return null;
      throw error;
    }
  }

  private async number(statement: Condition, ends: number): Promise<number> {
    const [row] = await this.run(statement, ends);
    return Number(row?.total ?? 0);
  }

  /** When a search that begins now has to be done. */
  private ends(): number {
    return Date.now() + this.settings.searchSeconds * 1_000;
  }

  private whatToDo(): string {
    return `The search took longer than ${this.settings.searchSeconds} s; narrow it by conditions with eq or in, or by times`;
  }

  private async withDeadline(sql: string, seconds: number): Promise<string> {
    if (this.isMariaDb === undefined) {
      const [row] = await this.database.query<{ version: string }>('SELECT VERSION() AS version');
      this.isMariaDb = row?.version.includes('MariaDB') ?? false;
    }
    if (this.isMariaDb) return `SET STATEMENT max_statement_time = ${seconds} FOR ${sql}`;
    return sql.replace(/^SELECT/, `SELECT /*+ MAX_EXECUTION_TIME(${Math.ceil(seconds * 1_000)}) */`);
  }
}

function printRow(row: Row, { columns }: Statement, zone: 'Z' | '+00:00' = 'Z'): Row {
  return Object.fromEntries(columns.map(([name, { kind }]) => [name, printValue(row[name], kind, zone)]));
}

/** The pattern that the database could not read; with several, all of them, each once. */
function regexOf(sql: string, values: readonly unknown[]): string {
  const placeholders = [...sql.matchAll(/(REGEXP )?\?/g)];
  return [...new Set(values.filter((_, index) => placeholders[index]?.[1] !== undefined))].join(' or ');
}
