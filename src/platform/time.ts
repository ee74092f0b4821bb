/** A time of the database ('2026-11-23 06:51:30.467633', UTC) as on the wire: ISO 8601 with `Z`, no zero fraction. */
export function toWire(time: string): string;
export function toWire(time: string | null): string | null;
export function toWire(time: string | null): string | null {
  if (time === null) return null;
  return `${time.replace(' ', 'T').replace(/\.0{1,6}$/, '')}Z`;
}

/** A moment as the database writes it: UTC, six digits (milliseconds are all that Date holds). */
export function toDatabase(moment: Date): string {
  return moment.toISOString().replace('T', ' ').replace('Z', '000');
}

/** Milliseconds since 1970 of a time of the database. */
export function toEpoch(time: string): number {
  return Date.parse(`${time.replace(' ', 'T').slice(0, 23)}Z`);
}
