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
