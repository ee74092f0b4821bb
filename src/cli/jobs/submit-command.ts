import { Option, type Command } from 'commander';
import { substitute, expandParametric, type AcceptedJob } from '../../contract/index.js';
import type { Context } from '../command.js';
import type { Io } from '../io.js';
import { printJson } from '../output/rows.js';
import { withSession } from '../session.js';
import { readDescriptions, type LocalDescription, type Notation } from './descriptions.js';
import { findLocalFiles } from './local-files.js';
import { jobCount, submitDescriptions } from './submission.js';

interface SubmitOptions {
  from?: Notation;
  dryRun?: boolean;
  idempotencyKey?: string;
  json?: boolean;
}

const help = `
A file holds one job description in JDL, or one or several in JSON; which it is, is seen from the text. Local files of
the input sandbox are looked for beside the description, then in the current folder, and are uploaded. All jobs are
accepted, or none. Prints the job ids on one line, with commas between them.

  $ pilotage job submit hello.jdl
  1001
  $ pilotage job wait $(pilotage job submit twenty.jdl) && echo all done`;

/** Adds `pilotage job submit`. */
export function registerSubmit(group: Command, { io }: Context): void {
  group
    .command('submit <files...>')
    .description('submit jobs described in files; - is standard input')
    .addOption(new Option('--from <notation>', 'do not guess the notation').choices(['jdl', 'json']))
    .option('--dry-run', 'check everything here, print the jobs as JSON, submit nothing')
    .option('--idempotency-key <key>', 'submitting again with the same key gives the same jobs, for 24 hours')
    .option('--json', 'print the accepted jobs as JSON')
    .addHelpText('after', help)
    .action(async (files: string[], options: SubmitOptions) => {
      const descriptions = await readDescriptions(io, files, options.from);
      if (options.dryRun === true) return showDryRun(io, descriptions);
      await withSession(io, async (session) => {
        printAccepted(io, await submitDescriptions(session, descriptions, options.idempotencyKey), options);
      });
    });
}

/** Prints the ids of accepted jobs. */
export function printAccepted(io: Io, accepted: readonly AcceptedJob[], options: { json?: boolean }): void {
  if (options.json === true) printJson(io, accepted);
  else io.out(`${accepted.map(({ JobID }) => JobID).join(',')}\n`);
}

/** Prints every job as it would be submitted, parameters filled in, and how many there are. */
export function showDryRun(io: Io, descriptions: readonly LocalDescription[]): void {
  const found = findLocalFiles(io.folder, descriptions);
  const files = found.reduce((sum, each) => sum + each.files.length, 0);
  printJson(
    io,
    descriptions.flatMap(({ checked }) => childrenOf(checked)),
  );
  io.error(`${jobCount(descriptions)} jobs would be submitted, with ${files} local files\n`);
}

function childrenOf(description: LocalDescription['checked']): LocalDescription['checked'][] {
  if (description.parametric === undefined) return [description];
  return expandParametric(description).map((expansion) => substitute(description, expansion, null));
}
