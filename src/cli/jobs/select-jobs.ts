import { finalStates, jobStates, server, type JobStatus, type SearchSpec } from '../../contract/index.js';
import { CommandFailure } from '../failure.js';
import { searchRows } from '../search.js';
import type { TableRow } from '../output/table.js';
import type { Session } from '../session.js';
import { inPieces } from './ids.js';

/** Which jobs a person asks for. Absent conditions do not restrict. */
export interface JobSelection {
  /** A user name; `*` for everybody whose jobs may be seen, `self` for the own ones. */
  user?: string;
  status?: readonly JobStatus[];
  group?: string;
  name?: string;
  site?: string;
  /** Submitted in the last so many days. */
  days?: number;
}

/** States that are not final, as a search names them. */
export const activeStates: readonly JobStatus[] = jobStates.filter((state) => !finalStates.includes(state));

/** The conditions of a selection. Asks the server for the user name where it is needed. */
export async function conditionsOf(session: Session, selection: JobSelection, now = Date.now()): Promise<SearchSpec[]> {
  const conditions: SearchSpec[] = [];
  const equal = (parameter: string, value: string | undefined): void => {
    if (value !== undefined) conditions.push({ parameter, operator: 'eq', value });
  };
  equal('Owner', await ownerOf(session, selection.user));
  if (selection.status !== undefined) {
    conditions.push({ parameter: 'Status', operator: 'in', values: [...selection.status] });
  }
  equal('JobGroup', selection.group);
  equal('JobName', selection.name);
  equal('Site', selection.site);
  if (selection.days !== undefined) {
    const since = new Date(now - selection.days * 86_400_000).toISOString();
    conditions.push({ parameter: 'SubmissionTime', operator: 'gt', value: since });
  }
  return conditions;
}

async function ownerOf(session: Session, user: string | undefined): Promise<string | undefined> {
  if (user === undefined || user === '*') return undefined;
  if (user !== 'self') return user;
  const { preferred_username: name } = await session.call(server.userinfo);
  return name;
}

/** Reads the states of a comma list, in any case. */
export function parseStates(text: string): JobStatus[] {
  const byName = new Map(jobStates.map((state) => [state.toLowerCase(), state]));
  return text.split(',').map((word) => {
    const state = byName.get(word.trim().toLowerCase());
    if (state === undefined)
      throw new CommandFailure(`${word} is no state of a job`, `states are ${jobStates.join(', ')}`);
    return state;
  });
}

/** The rows of named jobs, in the order of their ids, and the ids that were not found. */
export async function rowsOf(
  session: Session,
  ids: readonly number[],
  parameters?: string[],
): Promise<{ rows: TableRow[]; missing: number[] }> {
  const rows: TableRow[] = [];
  for (const piece of inPieces(ids, 1000)) {
    const search: SearchSpec[] = [{ parameter: 'JobID', operator: 'in', values: piece }];
    const found = await searchRows(session, 'jobs', { search, ...(parameters === undefined ? {} : { parameters }) });
    rows.push(...found.rows);
  }
  const present = new Set(rows.map((row) => Number(row['JobID'])));
  rows.sort((a, b) => Number(a['JobID']) - Number(b['JobID']));
  return { rows, missing: ids.filter((id) => !present.has(id)) };
}

/** Says which jobs were not found. Gives the exit code. */
export function tellMissing(session: Session, program: string, missing: readonly number[]): number {
  for (const id of missing) session.io.error(`${program}: job ${id} is not known — see "pilotage job list"\n`);
  return missing.length === 0 ? 0 : 2;
}
