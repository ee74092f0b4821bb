import { Refusal } from '../../contract/index.js';

const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/i;

/** What a caller's timestamp is: a time as the database writes it, or what is wrong with it. */
export type Timestamp = { at: string } | { wrong: 'naive' | 'not-utc' | 'unreadable' };

/** Reads a time that must say that it is UTC (`Z` or `+00:00`), or seconds since 1970. Microseconds are kept. Pure. */
export function readTimestamp(text: string): Timestamp {
  if (/^\d+(\.\d+)?$/.test(text)) return fromEpoch(text);
  const [, day, minutes, seconds = '00', fraction = '', zone] = iso.exec(text) ?? [];
  if (day === undefined || minutes === undefined) return { wrong: 'unreadable' };
  const second = `${day}T${minutes}:${seconds}`;
  const moment = new Date(`${second}Z`);
  if (Number.isNaN(moment.getTime()) || moment.toISOString().slice(0, 19) !== second) return { wrong: 'unreadable' };
  if (zone === undefined) return { wrong: 'naive' };
  if (!/^(Z|[+-]00:?00)$/i.test(zone)) return { wrong: 'not-utc' };
  return { at: `${day} ${minutes}:${seconds}.${fraction.slice(0, 6).padEnd(6, '0')}` };
}

function fromEpoch(text: string): Timestamp {
  const [whole = '0', fraction = ''] = text.split('.');
  const moment = new Date(Number(whole) * 1_000);
  if (Number.isNaN(moment.getTime()) || moment.getUTCFullYear() > 9999) return { wrong: 'unreadable' };
  const seconds = moment.toISOString().slice(0, 19).replace('T', ' ');
  return { at: `${seconds}.${fraction.slice(0, 6).padEnd(6, '0')}` };
}

/** The time of a status update; refuses with DiracX's words. */
export function statusTime(text: string, jobId: number): string {
  const read = readTimestamp(text);
  if ('at' in read) return read.at;
  if (read.wrong === 'naive') {
    throw new Refusal(
      'invalid-timestamp',
      `Timestamp ${text.replace('T', ' ')} is not timezone aware for job ${jobId}`,
    );
  }
  if (read.wrong === 'not-utc') {
    throw new Refusal('invalid-timestamp', `Timestamp ${text} of job ${jobId}: Datetime must be in UTC`);
  }
  const body = [{ type: 'datetime_parsing', loc: ['body', String(jobId), text], msg: 'not a timestamp', input: text }];
  throw new Refusal('invalid-request', `body.${jobId}: ${text.slice(0, 64)} is not a timestamp`, { body });
}
