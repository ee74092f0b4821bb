import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { JdlRecord, printJdl, type JdlValue, type JobDescriptionInput } from '../../contract/index.js';
import { newProgram, type Context } from '../command.js';
import { CommandFailure } from '../failure.js';
import type { Io } from '../io.js';
import {
  describeJdl,
  placedProblems,
  readRecord,
  refuseProblems,
  type LocalDescription,
} from '../jobs/descriptions.js';
import { printAccepted, showDryRun } from '../jobs/submit-command.js';
import { submitDescriptions } from '../jobs/submission.js';
import { withSession } from '../session.js';
import { settingsHelp } from '../settings.js';
import { directivesOf, overlay, recordOf } from './directives.js';
import { parseParametric } from './parametric-option.js';
import { commandLine, findProgram, withInputScript, type Program } from './script.js';

const attributeOptions = {
  JobName: 'name of the job',
  StdError: 'file of the standard error',
  StdOutput: 'file of the standard output',
  OutputSandbox: 'files and patterns to bring back, with commas between them',
  InputSandbox: 'files to bring along, with commas between them',
  OutputData: 'files to store on the grid',
  InputData: 'LFNs that the job reads',
  OutputPath: 'path of the output data in your home on the grid',
  OutputSE: 'storage elements for the output data',
  CPUTime: 'CPU work that the job needs, in normalised seconds',
  Site: 'sites where the job may run',
  BannedSite: 'sites where the job may not run',
  Platform: 'platform on which the job may run',
  Priority: 'order among your own jobs: 10 first, 0 in the background',
  JobGroup: 'name that jobs have in common',
} as const;
const letters: Partial<Record<string, string>> = { JobName: '-N, ', StdError: '-E, ', StdOutput: '-O, ' };

const help = `
An executable with a relative path is brought along. Without one, a script is read from standard input. Lines
"#JDL Key = Value" in a script are part of the description. Options win over the script, and the script over --JDL.
The program gets its arguments exactly as you typed them; %s is the value of --Parametric.

  $ dsub -N hello /bin/echo hello
  1001
  $ dsub --Parametric=1:5 ./simulate.sh --seed %s
  1002,1003,1004,1005,1006`;

type SubOptions = Partial<Record<keyof typeof attributeOptions, string>> & {
  JDL?: string;
  Parametric?: string[];
  ForceExecUpload?: boolean;
  verbose?: boolean;
  dryRun?: boolean;
  json?: boolean;
};

/** The command `dsub`. */
export function dsub(context: Context): Command {
  const program = newProgram(context)
    .description('Submit a job that runs a command.')
    .argument('[executable]', 'program to run')
    .argument('[arguments...]', 'its arguments')
    .passThroughOptions()
    .option('-J, --JDL <file or text>', 'description to begin with');
  for (const [name, description] of Object.entries(attributeOptions)) {
    program.option(`${letters[name] ?? ''}--${name} <value>`, description);
  }
  return program
    .option('--Parametric <values>', 'one job for each value: a,b,1:10 or start:stop:step:factor', parseParametric)
    .option('--ForceExecUpload', 'bring the executable along even if its path is absolute')
    .option('-v, --verbose', 'print the JDL on standard error')
    .option('--dry-run', 'check everything here, print the jobs as JSON, submit nothing')
    .option('--json', 'print the accepted jobs as JSON')
    .addHelpText('after', `${help}\n${settingsHelp}`)
    .action((executable: string | undefined, args: string[], options: SubOptions) =>
      submit(context.io, { executable, args, options }),
    );
}

interface Submission {
  executable: string | undefined;
  args: string[];
  options: SubOptions;
}

async function submit(io: Io, { executable, args, options }: Submission): Promise<void> {
  const base = await baseRecord(io, options.JDL);
  const go = async (program: Program | undefined): Promise<void> => {
    const record = assemble({ base, program, args, options });
    if (options.verbose === true) io.error(printJdl(record));
    const description = checked(record, io.folder);
    if (options.dryRun === true) return showDryRun(io, [description]);
    await withSession(io, async (session) =>
      printAccepted(io, await submitDescriptions(session, [description]), options),
    );
  };
  if (executable !== undefined) return go(await findProgram(io, executable, options.ForceExecUpload === true));
  return base.get('Executable') === undefined ? withInputScript(io, go) : go(undefined);
}

async function baseRecord(io: Io, jdl: string | undefined): Promise<JdlRecord> {
  if (jdl === undefined) return recordOf({});
  const path = resolve(io.folder, jdl);
  if (!jdl.includes('=') || existsSync(path)) return readRecord(await readFile(path, 'utf8'), jdl);
  return readRecord(jdl, '--JDL');
}

function assemble({
  base,
  program,
  args,
  options,
}: Omit<Submission, 'executable'> & { base: JdlRecord; program: Program | undefined }): JdlRecord {
  const usual = recordOf({
    OutputSandbox: 'std.out,std.err',
    ...(program === undefined ? {} : { JobName: program.jobName }),
  });
  const given = Object.keys(attributeOptions).map(
    (name) => [name, options[name as keyof typeof attributeOptions]] as const,
  );
  const chosen = overlay([usual, base, scriptRecord(program), recordOf(Object.fromEntries(given))]);
  const fixed = recordOf({
    ...(program === undefined ? {} : { Executable: program.executable }),
    ...(args.length === 0 ? {} : { Arguments: commandLine(args) }),
  });
  return overlay([chosen, fixed, lists(chosen, program?.file, options.Parametric)]);
}

function scriptRecord(program: Program | undefined): JdlRecord {
  try {
    return directivesOf(program?.script ?? '');
  } catch (cause) {
    throw new CommandFailure(`a #JDL line of the script: ${(cause as Error).message}`, 'correct the script', { cause });
  }
}

/** The executable in the input sandbox, and the parameters. */
function lists(chosen: JdlRecord, file: string | undefined, parametric: string[] | undefined): JdlRecord {
  const record = new JdlRecord();
  const add = (name: string, items: JdlValue[]): void =>
    record.add({ name, value: { kind: 'list', items }, at: { line: 1, column: 1 } });
  const asText = (text: string): JdlValue => ({ kind: 'string', text });
  if (file !== undefined) {
    const present = chosen.get('InputSandbox');
    const items = present === undefined ? [] : present.kind === 'list' ? present.items : splitText(present).map(asText);
    add('InputSandbox', [...items, asText(file)]);
  }
  if (parametric !== undefined) add('Parameters', parametric.map(asText));
  return record;
}

function splitText(value: JdlValue): string[] {
  return 'text' in value ? value.text.split(',') : [];
}

function checked(record: JdlRecord, folder: string): LocalDescription {
  const described = describeJdl(record, 'the description');
  refuseProblems(placedProblems(described));
  const { input, checked: description, source } = described;
  if (description === null) throw new Error('a description without problems has a checked form');
  return { source, folder, input: input as JobDescriptionInput, checked: description };
}
