import { resolve } from 'node:path';
import type { Command } from 'commander';
import { finalStates } from '../../contract/index.js';
import { newProgram, type Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import { readJobIds } from '../jobs/ids.js';
import { conditionsOf } from '../jobs/select-jobs.js';
import { fetchSandboxes } from '../jobs/transfer.js';
import { searchRows } from '../search.js';
import { withSession, type Session } from '../session.js';
import { settingsHelp } from '../settings.js';

interface OutputOptions {
  OutputDir: string;
  Data?: boolean;
  NoJobDir?: boolean;
  JobGroup?: string;
  inputFile?: string;
}

const groupDays = 30;

/** The command `doutput`. */
export function doutput(context: Context): Command {
  const { io, program, ended } = context;
  return newProgram(context)
    .description('Fetch the output sandboxes of jobs, each into a folder <id>; folders that exist are left alone.')
    .argument('[ids...]', 'job ids, with commas or blanks between them')
    .option('-D, --OutputDir <folder>', 'make the folders in here', '.')
    .option('--Sandbox', 'fetch the sandboxes; this is what happens anyway')
    .option('--Data', 'fetch the output data; needs a file catalogue, and is refused without one')
    .option('-n, --NoJobDir', 'unpack right into the folder, without one for each job')
    .option('-g, --JobGroup <name>', `your jobs of this group that ended, submitted in the last ${groupDays} days`)
    .option('-i, --input-file <file>', 'read more job ids from a file; - is standard input')
    .option('-v, --verbose', 'accepted for habit; every job is named anyway')
    .addHelpText('after', settingsHelp)
    .action(async (texts: string[], options: OutputOptions) => {
      if (options.Data === true)
        throw new CommandFailure('there is no file catalogue to fetch data from', 'leave out --Data');
      const named = await readJobIds(io, texts, options.inputFile);
      if (named.length === 0 && options.JobGroup === undefined) {
        throw new CommandFailure('no job is named', 'give job ids, or --JobGroup');
      }
      await withSession(io, async (session) => {
        const more = options.JobGroup === undefined ? [] : await endedJobs(session, options.JobGroup);
        const ids = [...new Set([...named, ...more])];
        const into = resolve(io.folder, options.OutputDir);
        ended(await fetchSandboxes(session, { program, kind: 'output', ids, into, flat: options.NoJobDir === true }));
      });
    });
}

async function endedJobs(session: Session, group: string): Promise<number[]> {
  const status = finalStates.filter((state) => state !== 'Deleted');
  const search = await conditionsOf(session, { user: 'self', group, status, days: groupDays });
  const { rows } = await searchRows(session, 'jobs', { search, parameters: ['JobID'] });
  return rows.map((row) => Number(row['JobID']));
}
