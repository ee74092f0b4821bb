import { Refusal } from '../../contract/index.js';

/** A stretch of time as the database writes times: from `start` on, before `end`. */
export interface Period {
  start: string;
  end: string;
  resolution: Resolution;
}

type Resolution = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';

const resolutions: Resolution[] = ['year', 'month', 'day', 'hour', 'minute', 'second'];
const form =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[ T](\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.\d{1,9})?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?)?$/;
const longest = '9999-12-31 23:59:59.999999';

/**
 * The period that a full or partial date names: `2026` is a year, `2026-11-23 06` an hour, a complete time its second
 * (fractions are cut off). Times without an offset are UTC. Refuses with `invalid-search` what is no date.
 */
export function periodOf(value: string | number): Period {
  const text = String(value).trim();
  const match = form.exec(text);
  const start = match === null ? null : startOf(match);
  if (match === null || start === null)
    throw new Refusal('invalid-search', `Cannot parse value='${text.slice(0, 64)}'`);
  const given = match.slice(1, 7).filter((part) => part !== undefined).length;
  const resolution = resolutions[given - 1] ?? 'second';
  return { start: toText(start), end: toText(endOf(start, resolution)), resolution };
}

function startOf(match: RegExpExecArray): Date | null {
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)));
  const start = new Date(0);
  start.setUTCFullYear(year, month - 1, day);
  start.setUTCHours(hour, minute, second);
  // 31 February becomes 3 March; only what says the same afterwards was a date.
  const same = start.getUTCMonth() === month - 1 && start.getUTCDate() === day && start.getUTCHours() === hour;
  if (!same || minute > 59 || second > 59) return null;
  return new Date(start.getTime() - offsetMinutes(match[7]) * 60_000);
}

function offsetMinutes(zone: string | undefined): number {
  const [, sign, hours, minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  return sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

function endOf(start: Date, resolution: Resolution): Date {
  const end = new Date(start);
  if (resolution === 'year') end.setUTCFullYear(end.getUTCFullYear() + 1);
  else if (resolution === 'month') end.setUTCMonth(end.getUTCMonth() + 1);
  else end.setTime(end.getTime() + milliseconds[resolution]);
  return end;
}

const milliseconds = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1_000 };

function toText(moment: Date): string {
  const text = moment.toISOString();
  return text.startsWith('+') ? longest : text.replace('T', ' ').replace('Z', '000');
}
