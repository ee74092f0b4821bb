import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Refusal, type ListBody } from '../../contract/index.js';
import type { Condition, Searchable } from './searchable.js';
import { orderedKeys } from './ordered-pages.js';
import { rowsOf, type Selection, type Statement } from './statements.js';

/** A search that is read stretch by stretch, each beginning where the one before ended. */
export type Listing = ListBody;

/** Where a stretch ended: the key of its last row and, when sorted by a time, that time as the database writes it. */
const Position = z.tuple([
  z.string(),
  z.number().int().positive(),
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/)
    .nullable(),
]);

const keyName = 'page_key';
const orderName = 'page_order';

/** The cursor after a row that {@link keysetStatement} gave. Opaque to callers. */
export function cursorAfter(listing: Listing, row: Record<string, unknown>): string {
  const time = row[orderName] === undefined ? null : String(row[orderName]);
  return Buffer.from(JSON.stringify([fingerprint(listing), Number(row[keyName]), time])).toString('base64url');
}

/**
 * The rows after a cursor, one more than the limit, so that the end is known. Rows that come or go meanwhile neither
 * shift nor repeat others; one that gets another time while the listing is sorted by it may be met again or missed.
 * Refuses with `invalid-cursor` what is no cursor of this search.
 */
export function keysetStatement(table: Searchable, { columns, where }: Selection, listing: Listing): Statement {
  const { sort, limit } = listing;
  const direction = sort.direction === 'desc' ? 'DESC' : 'ASC';
  const key = table.columns.get(table.key)?.sql ?? '';
  const order = table.columns.get(sort.parameter)?.sql ?? '';
  const byTime = sort.parameter !== table.key;
  const after = afterPosition(listing, { key, order: byTime ? order : null });
  const bounded: Condition = {
    sql: after === null ? where.sql : `${where.sql} AND ${after.sql}`,
    values: [...where.values, ...(after?.values ?? [])],
  };
  const page = { where: bounded, direction, limit: limit + 1, offset: 0 } as const;
  const keys = byTime ? null : orderedKeys(table, listing.search, page);
  const told = { sql: key, kind: 'integer' } as const;
  const all: Statement['columns'] = [...columns, [keyName, told]];
  if (byTime) all.push([orderName, { sql: order, kind: 'text' }]);
  const sorted = byTime ? `${order} ${direction}, ${key} ${direction}` : `${key} ${direction}`;
  const statement =
    keys === null
      ? {
          sql: `SELECT ${all.map(([name, { sql }]) => `${sql} AS \`${name}\``).join(', ')} FROM ${table.from}
            WHERE ${bounded.sql} ORDER BY ${sorted} LIMIT ?`,
          values: [...bounded.values, page.limit],
        }
      : rowsOf(table, all, { keys, order: sorted });
  return { ...statement, columns };
}

function afterPosition(listing: Listing, { key, order }: { key: string; order: string | null }): Condition | null {
  const { cursor, sort } = listing;
  if (cursor === null || cursor === undefined) return null;
  const [print, id, time] = readCursor(cursor);
  if (print !== fingerprint(listing) || (time === null) !== (order === null)) {
    throw new Refusal('invalid-cursor', 'The cursor belongs to another search; begin without one');
  }
  const beyond = sort.direction === 'desc' ? '<' : '>';
  if (order === null) return { sql: `${key} ${beyond} ?`, values: [id] };
  // The first half alone is what an index can use.
  return { sql: `${order} ${beyond}= ? AND (${order} ${beyond} ? OR ${key} ${beyond} ?)`, values: [time, time, id] };
}

function readCursor(cursor: string): z.output<typeof Position> {
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    read = null;
  }
  const position = Position.safeParse(read);
  if (!position.success) throw new Refusal('invalid-cursor', 'This is no cursor; begin without one');
  return position.data;
}

/** Conditions and order must not change while a listing is read. */
function fingerprint({ search, sort }: Listing): string {
  return createHash('sha256')
    .update(JSON.stringify([search, sort]))
    .digest('base64url')
    .slice(0, 16);
}
