import type { Command } from 'commander';
import { jobs } from '../../contract/index.js';
import type { Context } from '../command.js';
import { registerListing } from './listing-commands.js';
import { registerOutput } from './output-commands.js';
import { forJobs, tellOutcome, type BulkEndpoint } from './outcome.js';
import { someJobIds } from './ids.js';
import { registerSubmit } from './submit-command.js';
import { withSession } from '../session.js';

/** Adds `pilotage job …`. */
export function registerJobs(program: Command, context: Context): void {
  const group = program.command('job').description('submit jobs, follow them, fetch what they made');
  registerSubmit(group, context);
  registerListing(group, context);
  registerOutput(group, context);
  registerAction(group, context, {
    name: 'kill',
    done: 'killed',
    endpoint: jobs.kill,
    help: 'kill jobs, waiting or running',
  });
  registerAction(group, context, {
    name: 'delete',
    done: 'deleted',
    endpoint: jobs.delete,
    help: 'delete jobs; running ones are killed first',
  });
  registerReschedule(group, context);
}

interface Action {
  name: string;
  done: string;
  endpoint: BulkEndpoint;
  help: string;
}

const fileOption = ['-i, --input-file <file>', 'read more job ids from a file; - is standard input'] as const;

function registerAction(group: Command, { io, program, ended }: Context, action: Action): void {
  group
    .command(`${action.name} [ids...]`)
    .description(action.help)
    .option(...fileOption)
    .action(async (texts: string[], options: { inputFile?: string }) => {
      const ids = await someJobIds(io, texts, options.inputFile);
      await withSession(io, async (session) => {
        const outcome = await forJobs(session, ids, { endpoint: action.endpoint });
        ended(tellOutcome(session, outcome, { program, done: (id) => `${action.done} job ${id}` }));
      });
    });
}

function registerReschedule(group: Command, { io, program, ended }: Context): void {
  group
    .command('reschedule [ids...]')
    .description('run jobs again from the beginning')
    .option(...fileOption)
    .option('--reset', 'count the reschedulings from zero again')
    .action(async (texts: string[], options: { inputFile?: string; reset?: boolean }) => {
      const ids = await someJobIds(io, texts, options.inputFile);
      await withSession(io, async (session) => {
        const query = { reset_jobs: options.reset === true ? 'true' : 'false' };
        const outcome = await forJobs(session, ids, { endpoint: jobs.reschedule, query });
        ended(tellOutcome(session, outcome, { program, done: (id) => `rescheduled job ${id}` }));
      });
    });
}
