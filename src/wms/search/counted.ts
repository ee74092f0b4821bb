import type { SearchSpec } from '../../contract/index.js';
import type { Column, Condition, Searchable } from './searchable.js';

/**
 * The tables of counters from which rows that fulfil these conditions can be counted, and nothing else is; null when a
 * condition, or a column of `grouping`, is about something that is not counted.
 */
export function countersFor(
  table: Searchable,
  specs: readonly SearchSpec[],
  { within, grouping }: { within: Condition; grouping: readonly Column[] },
): Condition[] | null {
  if (table.counters === undefined || within.reads === undefined) return null;
  const used = specs.map(({ parameter }) => table.columns.get(parameter)?.sql ?? '');
  return table.counters.tables(new Set([...within.reads, ...used, ...grouping.map(({ sql }) => sql)]));
}

/** How many rows there are, summed over counters. The conditions mean the same, since the columns compare the same. */
export function countedTotal({ counters }: Searchable, tables: readonly Condition[], where: Condition): Condition {
  const parts = tables.map(({ sql }) => `SELECT SUM(${counters?.jobs}) AS part FROM ${sql} AND ${where.sql}`);
  return {
    sql: `SELECT SUM(part) AS total FROM (${parts.join(' UNION ALL ')}) AS counted`,
    values: tables.flatMap(({ values }) => [...values, ...where.values]),
  };
}

/** Rows counted by groups, summed over counters. */
export function countedSummary(
  { counters }: Searchable,
  tables: readonly Condition[],
  { columns, where, limit }: { columns: readonly [name: string, column: Column][]; where: Condition; limit: number },
): Condition {
  const list = columns.map(([name, { sql }]) => `${sql} AS \`${name}\``).join(', ');
  const groups = columns.map(([, { sql }]) => sql).join(', ');
  const names = columns.map(([name]) => `\`${name}\``).join(', ');
  const parts = tables.map(
    ({ sql }) => `SELECT ${list}, SUM(${counters?.jobs}) AS part FROM ${sql} AND ${where.sql} GROUP BY ${groups}`,
  );
  return {
    sql: `SELECT ${names}, SUM(part) AS row_count FROM (${parts.join(' UNION ALL ')}) AS counted
      GROUP BY ${names} HAVING row_count <> 0 LIMIT ?`,
    values: [...tables.flatMap(({ values }) => [...values, ...where.values]), limit],
  };
}
