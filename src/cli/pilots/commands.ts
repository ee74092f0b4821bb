import type { Command } from 'commander';
import { pilotColumns, pilots, pilotStates, Stamp, type PilotStatus, type SearchSpec } from '../../contract/index.js';
import { days, positive, type Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import { parseJobIds } from '../jobs/ids.js';
import { printJson, printRows, renderRows, rowOptions, shortTime, type RowOptions } from '../output/rows.js';
import { renderPairs } from '../output/table.js';
import { searchRows, tellOfMore } from '../search.js';
import { withSession, type Session } from '../session.js';
import { followLog, pilotOfJob, printLog } from './log.js';

const listColumns = [
  'PilotStamp',
  'Status',
  'GridSite',
  'DestinationSite',
  'Queue',
  'CurrentJobID',
  'SubmissionTime',
  'LastUpdateTime',
];

/** Adds `pilotage pilot …`. */
export function registerPilots(program: Command, context: Context): void {
  const group = program.command('pilot').description('see pilots and read their logs');
  registerList(group, context);
  registerShow(group, context);
  registerLog(group, context);
}

interface ListOptions extends RowOptions {
  status?: string;
  site?: string;
  ce?: string;
  job?: string;
  days?: number;
  limit: number;
}

function registerList(group: Command, { io }: Context): void {
  const list = group
    .command('list')
    .description('list the pilots of your VO')
    .option('-S, --status <states>', 'only these states, with commas between them')
    .option('--site <name>', 'only pilots at this site')
    .option('--ce <name>', 'only pilots of this computing element')
    .option('--job <id>', 'only pilots that ran this job')
    .option('-d, --days <n>', 'only pilots submitted in the last n days', days)
    .option('--limit <n>', 'show at most the newest n', positive, 1000);
  rowOptions(list, pilotColumns).action(async (options: ListOptions) => {
    const search = conditionsOf(options);
    const columns = options.fields ?? listColumns;
    await withSession(io, async (session) => {
      const found = await searchRows(session, 'pilots', { search, parameters: columns, limit: options.limit });
      printRows(io, columns, found.rows, options);
      tellOfMore(session, found, 'pilots');
    });
  });
}

function conditionsOf({ status, site, ce, job, days: recent }: ListOptions): SearchSpec[] {
  const conditions: SearchSpec[] = [];
  if (status !== undefined) conditions.push({ parameter: 'Status', operator: 'in', values: parsePilotStates(status) });
  if (site !== undefined) conditions.push({ parameter: 'GridSite', operator: 'eq', value: site });
  if (ce !== undefined) conditions.push({ parameter: 'DestinationSite', operator: 'eq', value: ce });
  if (job !== undefined) conditions.push({ parameter: 'JobID', operator: 'in', values: parseJobIds([job]) });
  if (recent !== undefined) {
    const since = new Date(Date.now() - recent * 86_400_000).toISOString();
    conditions.push({ parameter: 'SubmissionTime', operator: 'gt', value: since });
  }
  return conditions;
}

function parsePilotStates(text: string): PilotStatus[] {
  const byName = new Map(pilotStates.map((state) => [state.toLowerCase(), state]));
  return text.split(',').map((word) => {
    const state = byName.get(word.trim().toLowerCase());
    if (state === undefined)
      throw new CommandFailure(`${word} is no state of a pilot`, `states are ${pilotStates.join(', ')}`);
    return state;
  });
}

function registerShow(group: Command, { io }: Context): void {
  group
    .command('show <stamp>')
    .description('show one pilot: its node, its jobs, and the state of its log')
    .option('--json', 'print JSON, for programs')
    .action(async (stamp: string, options: { json?: boolean }) => {
      await withSession(io, async (session) => showPilot(session, parseStamp(stamp), options));
    });
}

async function showPilot(session: Session, stamp: string, options: { json?: boolean }): Promise<void> {
  const { io } = session;
  const found = await session.call(pilots.find, { params: { stamp } });
  if (options.json === true) return printJson(io, found);
  io.out(renderPairs(Object.entries(found.pilot).map(([name, value]) => [name, shortTime(value)])));
  if (found.node !== null) io.out(`\nNode\n${renderPairs(Object.entries(found.node))}`);
  if (found.jobs.length > 0) {
    io.out(`\nJobs\n${renderRows(io, ['job_id', 'attempt', 'claimed_at', 'ended_at'], found.jobs, {})}`);
  }
  io.out(`\nLog: ${found.log.state}, ${found.log.bytes} bytes in ${found.log.chunks} chunks\n`);
}

function registerLog(group: Command, { io }: Context): void {
  group
    .command('log [stamp]')
    .description('print the log of a pilot')
    .option('-f, --follow', 'go on printing until the pilot has ended')
    .option('--job <id>', 'the pilot that ran the latest attempt of this job')
    .action(async (stamp: string | undefined, options: { follow?: boolean; job?: string }) => {
      await withSession(io, async (session) => {
        const wanted = await whichPilot(session, stamp, options.job);
        if (options.follow === true) await followLog(session, wanted);
        else await printLog(session, wanted);
      });
    });
}

async function whichPilot(session: Session, stamp: string | undefined, job: string | undefined): Promise<string> {
  const [id] = job === undefined ? [] : parseJobIds([job]);
  if (stamp !== undefined && id === undefined) return parseStamp(stamp);
  if (stamp === undefined && id !== undefined) return pilotOfJob(session, id);
  throw new CommandFailure('which pilot is meant is not clear', 'give either its stamp or --job with one job id');
}

function parseStamp(text: string): string {
  const stamp = Stamp.safeParse(text.trim());
  if (!stamp.success)
    throw new CommandFailure(`${text} is no stamp: ${stamp.error.issues[0]?.message}`, 'see "pilotage pilot list"');
  return stamp.data;
}
