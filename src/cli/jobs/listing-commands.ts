import type { Command } from 'commander';
import { jobColumns } from '../../contract/index.js';
import { days, positive, seconds, type Context } from '../command.js';
import { printRows, rowOptions, type RowOptions } from '../output/rows.js';
import { searchRows, tellOfMore } from '../search.js';
import { withSession } from '../session.js';
import { someJobIds } from './ids.js';
import { activeStates, conditionsOf, parseStates, rowsOf, tellMissing } from './select-jobs.js';
import { historyColumns, historyOf, showJob } from './show.js';
import { waitForJobs } from './wait.js';

const listColumns = ['JobID', 'JobName', 'Owner', 'Site', 'Status', 'MinorStatus', 'SubmissionTime'];
const statusColumns = ['JobID', 'Status', 'MinorStatus', 'ApplicationStatus', 'Site', 'LastUpdateTime'];

interface ListOptions extends RowOptions {
  user: string;
  status?: string;
  all?: boolean;
  group?: string;
  name?: string;
  site?: string;
  days?: number;
  limit: number;
}

/** Adds the commands that show jobs: list, status, show, logging, wait. */
export function registerListing(group: Command, context: Context): void {
  registerList(group, context);
  registerStatus(group, context);
  registerShow(group, context);
  registerLogging(group, context);
  registerWait(group, context);
}

function registerList(group: Command, { io }: Context): void {
  const list = group
    .command('list')
    .description('list jobs; your own that have not ended, unless you say otherwise')
    .option('-u, --user <name>', 'jobs of this user; * is everybody', 'self')
    .option('-S, --status <states>', 'only these states, with commas between them')
    .option('-a, --all', 'jobs in every state')
    .option('-g, --group <name>', 'only this job group')
    .option('-n, --name <name>', 'only jobs of this name')
    .option('--site <name>', 'only jobs at this site')
    .option('-d, --days <n>', 'only jobs submitted in the last n days', days)
    .option('--limit <n>', 'show at most the newest n', positive, 1000);
  rowOptions(list, jobColumns).action(async (options: ListOptions) => {
    const status =
      options.status === undefined ? (options.all === true ? undefined : activeStates) : parseStates(options.status);
    await withSession(io, async (session) => {
      const { user, group: jobGroup, name, site, days: recent } = options;
      const given = { user, status, group: jobGroup, name, site, days: recent };
      const selection = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      const columns = options.fields ?? listColumns;
      const search = await conditionsOf(session, selection);
      const found = await searchRows(session, 'jobs', { search, parameters: columns, limit: options.limit });
      printRows(io, columns, found.rows, options);
      tellOfMore(session, found, 'jobs');
    });
  });
}

function registerStatus(group: Command, { io, program, ended }: Context): void {
  const status = group
    .command('status [ids...]')
    .description('say in which state jobs are')
    .option('-i, --input-file <file>', 'read more job ids from a file; - is standard input');
  rowOptions(status, jobColumns).action(async (texts: string[], options: RowOptions & { inputFile?: string }) => {
    const ids = await someJobIds(io, texts, options.inputFile);
    await withSession(io, async (session) => {
      const columns = options.fields ?? statusColumns;
      const { rows, missing } = await rowsOf(session, ids, columns);
      printRows(io, columns, rows, options);
      ended(tellMissing(session, program, missing));
    });
  });
}

function registerShow(group: Command, { io }: Context): void {
  group
    .command('show <ids...>')
    .description('show all that is known of jobs: description, parameters, attempts, history')
    .option('--json', 'print JSON, for programs')
    .action(async (texts: string[], options: { json?: boolean }) => {
      const ids = await someJobIds(io, texts);
      await withSession(io, async (session) => {
        for (const id of ids) await showJob(session, id, options);
      });
    });
}

function registerLogging(group: Command, { io }: Context): void {
  const logging = group
    .command('logging <ids...>')
    .description('show the history of jobs: every change of their state');
  rowOptions(logging).action(async (texts: string[], options: RowOptions) => {
    const ids = await someJobIds(io, texts);
    await withSession(io, async (session) => {
      for (const id of ids) {
        if (ids.length > 1) io.error(`job ${id}\n`);
        printRows(io, historyColumns, await historyOf(session, id), options);
      }
    });
  });
}

function registerWait(group: Command, { io, program, ended }: Context): void {
  group
    .command('wait <ids...>')
    .description('wait until jobs have ended; exit code 2 unless all are Done')
    .option('--timeout <seconds>', 'give up after so long', seconds)
    .option('--interval <seconds>', 'look so often', seconds, 2)
    .action(async (texts: string[], options: { timeout?: number; interval: number }) => {
      const ids = await someJobIds(io, texts);
      await withSession(io, async (session) => {
        const timeout = options.timeout === undefined ? {} : { timeoutSeconds: options.timeout };
        ended(await waitForJobs(session, ids, { program, intervalSeconds: options.interval, ...timeout }));
      });
    });
}
