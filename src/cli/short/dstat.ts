import { Option, type Command } from 'commander';
import { jobColumns } from '../../contract/index.js';
import { days, newProgram, positive, seconds, type Context } from '../command.js';
import { readJobIds } from '../jobs/ids.js';
import {
  activeStates,
  conditionsOf,
  parseStates,
  rowsOf,
  tellMissing,
  type JobSelection,
} from '../jobs/select-jobs.js';
import { formats, renderRows, rowOptions, type RowOptions } from '../output/rows.js';
import { searchRows, tellOfMore } from '../search.js';
import { withSession, type Session } from '../session.js';
import { settingsHelp } from '../settings.js';
import { watch } from '../watch.js';
import { formatOf } from './dlogging.js';

const columns = [
  'JobID',
  'Owner',
  'JobName',
  'OwnerGroup',
  'JobGroup',
  'Site',
  'Status',
  'MinorStatus',
  'SubmissionTime',
];
const usualDays = 10;
const usualInterval = 5;

interface StatOptions extends RowOptions {
  User: string;
  Status?: string;
  StatusAll?: boolean;
  JobGroup?: string;
  JobName?: string;
  JobDate?: number;
  Fmt?: RowOptions['fmt'];
  inputFile?: string;
  limit: number;
  watch?: number | boolean;
}

/** The command `dstat`. */
export function dstat(context: Context): Command {
  const { io } = context;
  const program = newProgram(context)
    .description('Show the states of jobs: of those that are named, else of your own that have not ended.')
    .argument('[ids...]', 'job ids, with commas or blanks between them')
    .option('-u, --User <name>', 'jobs of this user; * is everybody', 'self')
    .option('-S, --Status <states>', 'only these states, with commas between them')
    .option('-a, --StatusAll', `jobs in every state, of the last ${usualDays} days unless -D says otherwise`)
    .option('-g, --JobGroup <name>', 'only this job group')
    .option('-n, --JobName <name>', 'only jobs of this name')
    .option('-D, --JobDate <days>', 'only jobs submitted in the last so many days', days)
    .addOption(new Option('-f, --Fmt <format>', 'how to print').choices(formats).default('pretty'))
    .option('-i, --input-file <file>', 'read more job ids from a file; - is standard input')
    .option('--limit <n>', 'show at most the newest n', positive, 1000)
    .option('--watch [seconds]', `show again every ${usualInterval} seconds, or as said, until Ctrl-C`, seconds)
    .addHelpText('after', settingsHelp);
  return rowOptions(program, jobColumns).action(async (texts: string[], options: StatOptions) => {
    const ids = await readJobIds(io, texts, options.inputFile);
    const selection = selectionOf(options);
    await withSession(io, async (session) => {
      const show = (): Promise<string> =>
        ids.length > 0 ? named(session, ids, { options, context }) : selected(session, selection, options);
      if (options.watch === undefined || options.watch === false) io.out(await show());
      else await watch(io, options.watch === true ? usualInterval : options.watch, show);
    });
  });
}

function selectionOf(options: StatOptions): JobSelection {
  const { User: user, JobGroup: group, JobName: name } = options;
  const status = options.Status === undefined ? activeStates : parseStates(options.Status);
  const recent = options.JobDate ?? (options.StatusAll === true ? usualDays : undefined);
  return {
    user,
    ...(options.StatusAll === true ? {} : { status }),
    ...(group === undefined ? {} : { group }),
    ...(name === undefined ? {} : { name }),
    ...(recent === undefined ? {} : { days: recent }),
  };
}

async function named(
  session: Session,
  ids: readonly number[],
  { options, context }: { options: StatOptions; context: Context },
): Promise<string> {
  const chosen = options.fields ?? columns;
  const { rows, missing } = await rowsOf(session, ids, chosen);
  context.ended(tellMissing(session, context.program, missing));
  return renderRows(session.io, chosen, rows, formatOf(options));
}

async function selected(session: Session, selection: JobSelection, options: StatOptions): Promise<string> {
  const chosen = options.fields ?? columns;
  const search = await conditionsOf(session, selection);
  const found = await searchRows(session, 'jobs', { search, parameters: chosen, limit: options.limit });
  tellOfMore(session, found, 'jobs');
  return renderRows(session.io, chosen, found.rows, formatOf(options));
}
