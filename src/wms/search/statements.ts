import { Refusal, type SearchBody, type SearchSpec } from '../../contract/index.js';
import { conditionsOf, joined } from './conditions.js';
import { orderedKeys } from './ordered-pages.js';
import type { Column, Condition, Searchable } from './searchable.js';

/** A SELECT with the columns that it gives, in the order of the reply. */
export interface Statement extends Condition {
  columns: [name: string, column: Column][];
}

/** What a search asks for: the columns, and of which rows. `within` is what the caller may see at all. */
export interface Selection {
  columns: Statement['columns'];
  where: Condition;
}

/** The columns of a reply and the rows of it. Refuses unknown names. */
export function selectionOf(
  table: Searchable,
  names: readonly string[],
  search: readonly SearchSpec[],
  within: Condition,
): Selection {
  return {
    columns: columnsOf(table, names),
    where: joined([within, ...conditionsOf(table, search, true)], ' AND ') ?? within,
  };
}

/** The page of a search. `sort` may name any column; the key decides where it does not, in the last direction named. */
export function pageStatement(
  table: Searchable,
  selection: Selection,
  body: SearchBody,
  page: { limit: number; offset: number },
): Statement {
  const { columns, where } = selection;
  const order = body.sort.map(({ parameter, direction }) => {
    const column = table.columns.get(parameter);
    if (column === undefined) throw new Refusal('unknown-column', `Cannot sort by ${parameter}: unknown column`);
    return `${column.sql} ${direction === 'desc' ? 'DESC' : 'ASC'}`;
  });
  const key = table.columns.get(table.key)?.sql ?? '';
  const direction = body.sort.at(-1)?.direction === 'desc' ? 'DESC' : 'ASC';
  if (!body.distinct && !body.sort.some(({ parameter }) => parameter === table.key)) order.push(`${key} ${direction}`);
  if (!body.distinct && order.length === 1) {
    const keys = orderedKeys(table, body.search, { where, direction, ...page });
    if (keys !== null) return rowsOf(table, columns, { keys, order: `${key} ${direction}` });
  }
  const ordered = order.length === 0 ? '' : ` ORDER BY ${order.join(', ')}`;
  return {
    columns,
    sql: `${select(columns, body.distinct)} FROM ${table.from} WHERE ${where.sql}${ordered} LIMIT ? OFFSET ?`,
    values: [...where.values, page.limit, page.offset],
  };
}

/** The rows of these keys, in this order. */
export function rowsOf(
  table: Searchable,
  columns: Statement['columns'],
  { keys, order }: { keys: Condition; order: string },
): Statement {
  const key = table.columns.get(table.key)?.sql ?? '';
  return {
    columns,
    sql: `${select(columns, false)} FROM (${keys.sql}) AS page STRAIGHT_JOIN ${table.from} ON ${key} = page.page_key
      ORDER BY ${order}`,
    values: keys.values,
  };
}

/** How many rows a search has in all. */
export function countStatement(table: Searchable, { columns, where }: Selection, distinct: boolean): Condition {
  const sql = distinct
    ? `SELECT COUNT(*) AS total FROM (${select(columns, true)} FROM ${table.from} WHERE ${where.sql}) AS found`
    : `SELECT COUNT(*) AS total FROM ${table.from} WHERE ${where.sql}`;
  return { sql, values: where.values };
}

/** Rows counted by groups; no grouping means every column. */
export function summaryStatement(
  table: Searchable,
  grouping: readonly string[],
  search: readonly SearchSpec[],
  { within, limit }: { within: Condition; limit: number },
): Statement & Selection {
  const unknown = grouping.find((name) => !table.columns.has(name));
  if (unknown !== undefined) throw new Refusal('unknown-column', `Unknown column ${unknown}`);
  const columns = columnsOf(table, grouping);
  const where = joined([within, ...conditionsOf(table, search, false)], ' AND ') ?? within;
  const groups = columns.map(([, { sql }]) => sql).join(', ');
  return {
    columns,
    where,
    sql: `${select(columns, false)}, COUNT(*) AS row_count FROM ${table.from} WHERE ${where.sql} GROUP BY ${groups} LIMIT ?`,
    values: [...where.values, limit],
  };
}

function columnsOf(table: Searchable, names: readonly string[]): Statement['columns'] {
  const unknown = [...new Set(names)].filter((name) => !table.columns.has(name));
  if (unknown.length > 0) {
    const list = unknown.map((name) => `'${name}'`).join(', ');
    throw new Refusal('unknown-column', `Unrecognised parameters requested {${list}}`);
  }
  const wanted = new Set(names);
  return [...table.columns].filter(([name]) => wanted.size === 0 || wanted.has(name));
}

function select(columns: Statement['columns'], distinct: boolean): string {
  const list = columns.map(([name, { sql }]) => `${sql} AS \`${name}\``).join(', ');
  return `SELECT ${distinct ? 'DISTINCT ' : ''}${list}`;
}
