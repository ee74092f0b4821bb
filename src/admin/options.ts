import { InvalidArgumentError } from 'commander';

/** A whole number of at least 1, as an option or argument gives it. */
export function positive(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('Give a whole number, 1 or more.');
}

/** How long a list may be. */
export function listLimit(text: string): number {
  const number = positive(text);
  if (number <= 10_000) return number;
  throw new InvalidArgumentError('Give at most 10000.');
}

/** A moment as ISO 8601 (a date means its beginning, UTC), the way the database writes times. */
export function moment(text: string): string {
  const at = new Date(text);
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(at.getTime())) {
    return at.toISOString().replace('T', ' ').replace('Z', '000');
  }
  throw new InvalidArgumentError('Give a date or a time like 2026-11-23T06:00:00Z.');
}

/** Bytes for people. */
export function size(bytes: number | null): string | null {
  if (bytes === null) return null;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}
