import { Refusal, type StatusUpdate } from '../../contract/index.js';
import { toWire } from '../../platform/index.js';
import type { HistoryEntry, JobRow, Move } from './move.js';
import { statusTime } from './timestamps.js';

/** The updates of one job under their times, as DiracX sends them. */
export type UpdatesByTime = Record<string, StatusUpdate>;

/** One update and its time, as the database writes times. */
export interface Entry {
  at: string;
  update: StatusUpdate;
}

/** What an update changed, as DiracX tells it; null is untouched. */
export type Change = Record<string, unknown>;

export const untouched: Change = {
  Status: null,
  MinorStatus: null,
  ApplicationStatus: null,
  HeartBeatTime: null,
  StartExecTime: null,
  EndExecTime: null,
  LastUpdateTime: null,
};

/** A line for the history of a job. */
export type HistoryLine = HistoryEntry & { row: JobRow };

/** The id that a key of a body names; refuses what is none. */
export function jobIdOf(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id) && id > 0) return id;
  const body = [{ type: 'int_parsing', loc: ['body', text], msg: 'a job id is needed', input: text }];
  throw new Refusal('invalid-request', `body: ${text.slice(0, 64)} is no job id`, { body });
}

/** The id of a job and its entries; refuses what is no id or no time. */
export function readEntries(id: string, updates: UpdatesByTime): { jobId: number; entries: Entry[] } {
  const jobId = jobIdOf(id);
  const entries = Object.entries(updates).map(([time, update]) => ({ at: statusTime(time, jobId), update }));
  if (entries.length === 0) throw new Refusal('invalid-request', `body.${jobId}: at least one timestamp is needed`);
  return { jobId, entries };
}

/** Entries by their times; a clock ahead of the database's does not write the future. */
export function inOrder(entries: readonly Entry[], now: string): Entry[] {
  return entries
    .toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ at, update }) => ({ at: at > now ? now : at, update }));
}

/** A kill or deletion is an order, not news: one from a browser whose clock is behind is carried out as of now. */
export function lifted({ at, update }: Entry, newest: string, now: string): Entry {
  const isOrder = update.Status === 'Killed' || update.Status === 'Deleted';
  return isOrder && at < newest ? { at: newest > now ? newest : now, update } : { at, update };
}

/**
 * One holder: while an attempt of Pilotage holds the job, its wrapper alone speaks for it, under its fence. Others may
 * order the job to stop, and an administrator may force anything.
 */
export function isHeldByPilot(row: JobRow, { Status }: StatusUpdate, force: boolean): boolean {
  return row.lease_attempt !== null && !force && Status !== 'Killed' && Status !== 'Deleted';
}

/** The move that an entry wishes. */
export function moveOf(row: JobRow, { at, update }: Entry, force: boolean): Move {
  const { Status, MinorStatus, ApplicationStatus, Source } = update;
  const isSignOfLife = Source.startsWith('Job') || Source === 'Heartbeat';
  return {
    jobId: row.job_id,
    source: Source,
    at,
    force,
    // Without a status the entry repeats the current one, so that the history always gets its line.
    to: Status ?? row.status,
    ...(typeof MinorStatus === 'string' ? { minor: MinorStatus } : {}),
    ...(typeof ApplicationStatus === 'string' ? { application: ApplicationStatus } : {}),
    ...(isSignOfLife ? { set: { heart_beat_time: at } } : {}),
  };
}

/** What a move that happened changed. */
export function changeOf(row: JobRow, move: Move, { at, now }: { at: string; now: string }): Change {
  const { to, minor: minorStatus, application } = move;
  const ends = to === 'Done' || to === 'Completed' || to === 'Failed' || to === 'Killed';
  return {
    ...untouched,
    Status: to ?? row.status,
    MinorStatus: minorStatus ?? null,
    ApplicationStatus: application?.slice(0, 255) ?? null,
    HeartBeatTime: move.set?.heart_beat_time === undefined ? null : toWire(at),
    StartExecTime: to === 'Running' && row.start_exec_time === null ? toWire(at) : null,
    EndExecTime: ends && row.end_exec_time === null ? toWire(at) : null,
    LastUpdateTime: toWire(now),
  };
}

/** A line of the history that changes nothing: what it does not say repeats the present. */
export function recordOf(row: JobRow, { at, update }: { at: string; update: StatusUpdate }): HistoryLine {
  return {
    row,
    status: update.Status ?? row.status,
    minor: update.MinorStatus ?? row.minor_status,
    application: update.ApplicationStatus ?? row.application_status,
    source: update.Source,
    at,
  };
}
