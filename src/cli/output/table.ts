/** A row to show: column → value, as the server gave it. */
export type TableRow = Readonly<Record<string, unknown>>;

/** How a table is laid out. */
export interface TableLayout {
  /** Largest width in characters; tables that are piped on are not cut. */
  width?: number;
  /** Colours the text of a cell, after it has been laid out. */
  paint?: (column: string, value: unknown, text: string) => string;
}

/** Texts are not cut below this width, and numbers and ids not at all: a part of one is another one. */
const narrowest = 6;
const isId = /(?:ID|Stamp|_id|_stamp)$/;

/** A table for people: headings, aligned columns (numbers to the right), cut to the width with `…`. */
export function renderTable(columns: readonly string[], rows: readonly TableRow[], layout: TableLayout = {}): string {
  const cells = rows.map((row) => columns.map((column) => cellText(row[column])));
  const natural = columns.map((column, index) =>
    Math.max(column.length, ...cells.map((line) => lengthOf(line[index] ?? ''))),
  );
  const right = columns.map((column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  const least = columns.map((column, index) => (isId.test(column) || right[index] === true ? Infinity : narrowest));
  const widths = fit(natural, least, layout.width);
  const line = (texts: readonly string[], row?: TableRow): string => {
    const laidOut = texts.map((text, index) => {
      const last = index === columns.length - 1;
      const width = widths[index] ?? 0;
      const padded = place(cut(text, width), last && right[index] !== true ? 0 : width, right[index] === true);
      const column = columns[index] ?? '';
      return row === undefined || layout.paint === undefined ? padded : layout.paint(column, row[column], padded);
    });
    return laidOut.join('  ');
  };
  return [line(columns), ...cells.map((texts, index) => line(texts, rows[index]))].map((text) => `${text}\n`).join('');
}

/** The text of a value in one line. Control characters, which could drive a terminal, become blanks. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return printable(text.replace(/\s+/g, ' '));
}

/** A text without control characters, except for line ends. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

/** Takes what does not fit from the widest columns that may be cut. */
function fit(natural: readonly number[], least: readonly number[], width: number | undefined): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  const spare = (index: number): number => (widths[index] ?? 0) - (least[index] ?? 0);
  let excess = widths.reduce((sum, each) => sum + each, 2 * (natural.length - 1)) - width;
  for (; excess > 0; excess--) {
    const open = [...widths.keys()].filter((index) => spare(index) > 0);
    const [first, ...others] = open;
    if (first === undefined) break;
    const widest = others.reduce((best, index) => ((widths[index] ?? 0) > (widths[best] ?? 0) ? index : best), first);
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function cut(text: string, width: number): string {
  return lengthOf(text) <= width ? text : `${[...text].slice(0, Math.max(0, width - 1)).join('')}…`;
}

function place(text: string, width: number, right: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - lengthOf(text)));
  return right ? blanks + text : text + blanks;
}

/** `Key  value` lines, keys aligned; several lines of a value are indented. */
export function renderPairs(pairs: readonly (readonly [name: string, value: unknown])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${cellText(value)}`.trimEnd() + '\n').join('');
}
