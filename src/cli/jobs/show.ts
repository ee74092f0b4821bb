import { jobs, type Attempt, type JobDescription } from '../../contract/index.js';
import { printJson, shortTime, renderRows } from '../output/rows.js';
import { cellText, renderPairs, type TableRow } from '../output/table.js';
import type { Session } from '../session.js';

const attemptColumns = [
  'attempt',
  'site',
  'ce',
  'host',
  'claimed_at',
  'started_at',
  'ended_at',
  'outcome',
  'failure_class',
  'exit_code',
  'pilot_stamp',
];

/** The columns of a job's history. */
export const historyColumns = ['Status', 'MinorStatus', 'ApplicationStatus', 'StatusTime', 'Source'];

/** Prints all that is known of one job. */
export async function showJob(session: Session, id: number, options: { json?: boolean }): Promise<void> {
  const { io } = session;
  const found = await session.call(jobs.find, { params: { id } });
  if (options.json === true) return printJson(io, found);
  io.out(renderPairs(Object.entries(found.job).map(([name, value]) => [name, shortTime(value)])));
  section(session, 'Description', renderPairs(describedPairs(found.description)));
  section(session, 'Parameters', renderPairs(Object.entries(found.parameters)));
  if (found.attempts.length > 0)
    section(session, 'Attempts', renderRows(io, attemptColumns, found.attempts.map(asRow), {}));
  section(session, 'History', renderRows(io, historyColumns, found.history, {}));
}

/** The history of one job as rows. */
export async function historyOf(session: Session, id: number): Promise<TableRow[]> {
  const { history } = await session.call(jobs.find, { params: { id } });
  return history;
}

function section({ io }: Session, title: string, text: string): void {
  if (text !== '') io.out(`\n${title}\n${text.replace(/^(?=.)/gm, '  ')}`);
}

function asRow(attempt: Attempt): TableRow {
  return { ...attempt };
}

/** What a description says beyond nothing. */
function describedPairs(description: unknown): [string, string][] {
  if (typeof description !== 'object' || description === null) return [];
  return Object.entries(description as Partial<JobDescription>)
    .filter(([, value]) => value !== '' && value !== null && cellText(value) !== '[]' && cellText(value) !== '{}')
    .map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : cellText(value)]);
}
