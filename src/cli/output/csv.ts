import type { TableRow } from './table.js';

/** The rows as CSV (RFC 4180), with a line of headings. Times and numbers as the server gave them, null as nothing. */
export function renderCsv(columns: readonly string[], rows: readonly TableRow[]): string {
  const lines = [columns.map(quoted), ...rows.map((row) => columns.map((column) => quoted(row[column])))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function quoted(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
