import { toWire } from '../../platform/index.js';

/**
 * How a column is compared and printed. `boolean`: 0 or 1; `flag`: 'True', 'False' or a word (DIRAC's AccountedFlag);
 * `time`: a DATETIME(6).
 */
export type ColumnKind = 'integer' | 'number' | 'text' | 'time' | 'boolean' | 'flag';

export interface Column {
  /** The expression that gives its value. */
  sql: string;
  kind: ColumnKind;
}

/** A piece of a WHERE clause with the values of its placeholders. */
export interface Condition {
  sql: string;
  values: unknown[];
  /** The expressions of the columns that it reads; absent when nobody needs to know. */
  reads?: readonly string[];
}

/** A name that can be searched for although it is no column, as the stamp of a pilot for its jobs. */
export interface PseudoColumn {
  name: string;
  /** The column that it stands for; the two cannot be combined. */
  column: string;
  kind: 'integer' | 'text';
  condition(values: (string | number)[]): Condition;
}

/** A table that can be searched: its columns by the names that callers use, in the order of a reply. */
export interface Searchable {
  /** Unit of Content-Range. */
  unit: 'jobs' | 'pilots';
  from: string;
  columns: ReadonlyMap<string, Column>;
  /** The column that identifies a row; it makes every order a total one. */
  key: string;
  pseudo: PseudoColumn;
  /** Where rows need not be counted one by one. */
  counters?: Counters;
  /** Indexes that give rows in the order of the key. */
  ordered?: OrderedIndexes;
}

/** Counters that are kept of a table: rows with the same columns under the same alias, each with how many it stands for. */
export interface Counters {
  /** The column that says how many. */
  jobs: string;
  /** The tables that hold these expressions, all of which are to be summed; null when one of them is not counted. */
  tables(expressions: ReadonlySet<string>): Condition[] | null;
}

/** How pages in the order of the key are read without sorting. */
export interface OrderedIndexes {
  /** The column that splits an index into ordered parts, and all its values. */
  split: { column: string; values: readonly string[] };
  /** Columns that lead every index, and that every search is restricted by anyway. */
  leading: readonly string[];
  /** By preference: serves searches with an `eq` on `column`, or without any; `split` is its next part, else the key is. */
  indexes: readonly { name: string; column: string | null; split: boolean }[];
}

/** A value as a reply prints it. `zone` is how UTC is written. */
export function printValue(value: unknown, kind: ColumnKind, zone: 'Z' | '+00:00' = 'Z'): unknown {
  if (value === null || value === undefined) return null;
  switch (kind) {
    case 'time':
      return toWire(String(value)).replace(/Z$/, zone);
    case 'boolean':
      return Number(value) === 1;
    case 'flag':
      return value === 'True' ? true : value === 'False' ? false : value;
    case 'integer':
    case 'number':
      return Number(value);
    case 'text':
      return value;
  }
}
