import { Injectable } from '@nestjs/common';
import { Refusal, type SearchBody, type SearchSpec } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import { type Condition, printValue, type Searchable } from './searchable.js';
import { countStatement, pageStatement, selectionOf, type Statement, summaryStatement } from './statements.js';

type Row = Record<string, unknown>;

/** A page of a search. `total` counts all rows that match, on every page. */
export interface Page {
  rows: Row[];
  total: number;
}

/** Seconds after which the database gives a search up. */
const deadlineSeconds = 10;
/** Most groups of a summary. */
const mostGroups = 10_000;

const timeouts = new Set([1969, 3024]);
const badRegex = (errno: number): boolean => errno === 1139 || (errno >= 3685 && errno <= 3700);

/** Searches and summaries of a {@link Searchable} table, each statement under a deadline. */
@Injectable()
export class Searches {
  private isMariaDb: boolean | undefined;

  constructor(private readonly database: Database) {}

  /** One page of the rows that match, within what the caller may see. */
  async page(
    table: Searchable,
    body: SearchBody,
    paging: { page: number; per_page: number },
    within: Condition,
  ): Promise<Page> {
    const selection = selectionOf(table, body.parameters ?? [], body.search, within);
    const offset = (paging.page - 1) * paging.per_page;
    const statement = pageStatement(table, selection, body, { limit: paging.per_page, offset });
    const rows = (await this.run(statement)).map((row) => printRow(row, statement));
    // A page that is not full is the last one, so the total is known without counting.
    if (rows.length < paging.per_page && (rows.length > 0 || offset === 0))
      return { rows, total: offset + rows.length };
    const [counted] = await this.run(countStatement(table, selection, body.distinct));
    return { rows, total: Number(counted?.total ?? 0) };
  }

  /** Rows counted by groups of columns; `count` stands last in each row. */
  async summary(
    table: Searchable,
    grouping: readonly string[],
    search: readonly SearchSpec[],
    within: Condition,
  ): Promise<Row[]> {
    const statement = summaryStatement(table, grouping, search, { within, limit: mostGroups + 1 });
    const rows = await this.run(statement);
    if (rows.length > mostGroups) {
      throw new Refusal('invalid-search', `The summary has more than ${mostGroups} groups; narrow the search`);
    }
    return rows.map((row) => ({ ...printRow(row, statement, '+00:00'), count: Number(row.row_count) }));
  }

  /** Runs a SELECT until the deadline. Refuses with `search-deadline`, or `invalid-search` for a bad regular expression. */
  async run({ sql, values }: Condition, seconds = deadlineSeconds): Promise<Row[]> {
    try {
      return await this.database.query(await this.withDeadline(sql, seconds), values);
    } catch (error) {
      const errno = Number((error as { driverError?: { errno?: number } }).driverError?.errno);
      if (timeouts.has(errno)) throw new Refusal('search-deadline', undefined, { retryAfter: 30, cause: error });
      if (badRegex(errno))
        throw new Refusal('invalid-search', `Invalid regex ${regexOf(sql, values)}`, { cause: error });
      throw error;
    }
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

/** The pattern that the database could not read; with several, all of them. */
function regexOf(sql: string, values: readonly unknown[]): string {
  const placeholders = [...sql.matchAll(/(REGEXP )?\?/g)];
  return values.filter((_, index) => placeholders[index]?.[1] !== undefined).join(' or ');
}
