import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Io } from '../io.js';
import { renderCsv } from './csv.js';
import { renderTable, type TableRow } from './table.js';
import { paintCell, wantsColour } from './colours.js';

/** Forms in which rows are printed. */
export const formats = ['pretty', 'csv', 'json'] as const;
export type Format = (typeof formats)[number];

/** The options that {@link rowOptions} adds. */
export interface RowOptions {
  json?: boolean;
  csv?: boolean;
  fmt?: Format;
  fields?: string[];
}

/** Adds `--json`, `--csv` and, where columns can be chosen, `--fields`. */
export function rowOptions(command: Command, columns?: readonly string[]): Command {
  command.option('--json', 'print JSON, for programs').option('--csv', 'print CSV, for programs');
  if (columns === undefined) return command;
  const fields = new Option('-F, --fields <list>', `columns to show, with commas; any of ${columns.join(' ')}`);
  return command.addOption(fields.argParser((text) => chosenColumns(text, columns)));
}

/** The columns that a comma list names, in any case. */
export function chosenColumns(text: string, columns: readonly string[]): string[] {
  const byName = new Map(columns.map((column) => [column.toLowerCase(), column]));
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.map((name) => {
    const column = byName.get(name.toLowerCase());
    if (column === undefined) throw new InvalidArgumentError(`There is no column ${name}.`);
    return column;
  });
}

/** Prints rows in the form that the options ask for. */
export function printRows(io: Io, columns: readonly string[], rows: readonly TableRow[], options: RowOptions): void {
  io.out(renderRows(io, columns, rows, options));
}

/** The text that {@link printRows} prints. */
export function renderRows(io: Io, columns: readonly string[], rows: readonly TableRow[], options: RowOptions): string {
  const chosen = options.fields ?? columns;
  const format = options.fmt ?? (options.json === true ? 'json' : options.csv === true ? 'csv' : 'pretty');
  if (format === 'csv') return renderCsv(chosen, rows);
  if (format === 'json') {
    const picked = rows.map((row) => Object.fromEntries(chosen.map((column) => [column, row[column] ?? null])));
    return `${JSON.stringify(picked, null, 2)}\n`;
  }
  return renderTable(chosen, rows.map(withShortTimes), {
    ...(io.outIsTerminal ? { width: io.columns() } : {}),
    ...(wantsColour(io) ? { paint: paintCell } : {}),
  });
}

/** Prints one value as JSON. */
export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, null, 2)}\n`);
}

const isoTime = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|\+00:00)$/;

/** A time for people: `2026-11-23 20:15:00`, UTC. Anything else stays as it is. */
export function shortTime(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(isoTime, '$1 $2') : value;
}

function withShortTimes(row: TableRow): TableRow {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, shortTime(value)]));
}
