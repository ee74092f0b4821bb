import type { Command } from 'commander';
import { jobs } from '../../contract/index.js';
import { newProgram, type Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import { readJobIds } from '../jobs/ids.js';
import { forJobs, tellOutcome } from '../jobs/outcome.js';
import { activeStates, conditionsOf } from '../jobs/select-jobs.js';
import { searchRows } from '../search.js';
import { withSession, type Session } from '../session.js';
import { settingsHelp } from '../settings.js';

interface KillOptions {
  delete?: boolean;
  all?: boolean;
  inputFile?: string;
  verbose?: boolean;
}

/** The command `dkill`. */
export function dkill(context: Context): Command {
  const { io, program, ended } = context;
  return newProgram(context)
    .description('Kill jobs, waiting or running.')
    .argument('[ids...]', 'job ids, with commas or blanks between them')
    .option('-D, --delete', 'delete the jobs too')
    .option('-a, --all', 'all your jobs that have not ended')
    .option('-i, --input-file <file>', 'read more job ids from a file; - is standard input')
    .option('-v, --verbose', 'accepted for habit; every job is named anyway')
    .addHelpText('after', settingsHelp)
    .action(async (texts: string[], options: KillOptions) => {
      const named = await readJobIds(io, texts, options.inputFile);
      if (named.length === 0 && options.all !== true) {
        throw new CommandFailure('no job is named', 'give job ids, or --all for all your jobs');
      }
      await withSession(io, async (session) => {
        const ids = options.all === true ? await ownJobs(session) : named;
        if (ids.length === 0) return io.error('you have no jobs that have not ended\n');
        const endpoint = options.delete === true ? jobs.delete : jobs.kill;
        const done = options.delete === true ? 'deleted' : 'killed';
        const outcome = await forJobs(session, ids, { endpoint });
        ended(tellOutcome(session, outcome, { program, done: (id) => `${done} job ${id}` }));
      });
    });
}

async function ownJobs(session: Session): Promise<number[]> {
  const search = await conditionsOf(session, { user: 'self', status: activeStates });
  const { rows } = await searchRows(session, 'jobs', { search, parameters: ['JobID'] });
  return rows.map((row) => Number(row['JobID']));
}
