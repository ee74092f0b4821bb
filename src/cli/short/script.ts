import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { CommandFailure } from '../failure.js';
import type { Io } from '../io.js';

/** What a job runs: the name of its executable, the file that must be brought along, and the text of a script. */
export interface Program {
  executable: string;
  /** Local file for the input sandbox. */
  file?: string;
  script?: string;
  jobName: string;
}

/** A script longer than this is a program, not one with directives. */
const scriptLimit = 1024 * 1024;

/**
 * What `executable` names. A relative path that exists here is brought along, an absolute one only when `force` says so;
 * a bare name that does not exist here is looked for where the job runs.
 */
export async function findProgram(io: Io, executable: string, force: boolean): Promise<Program> {
  const path = resolve(io.folder, executable);
  const here = existsSync(path) && (await stat(path)).isFile();
  const bring = here && (force || !isAbsolute(executable));
  if (!bring && (force || (executable.includes('/') && !isAbsolute(executable)))) {
    throw new CommandFailure(`there is no file ${executable}`, 'an executable with a relative path is brought along');
  }
  const jobName = basename(executable);
  if (!bring) return { executable, jobName };
  const script = (await stat(path)).size <= scriptLimit ? await readFile(path, 'utf8') : '';
  return { executable: jobName, file: path, script: script.startsWith('#!') ? script : '', jobName };
}

/** Reads a script from standard input into a file, lets `work` use it, and removes the file. */
export async function withInputScript<T>(io: Io, work: (program: Program) => Promise<T>): Promise<T> {
  if (io.inputIsTerminal) io.error('type the script, then Ctrl-D\n');
  const text = await io.input();
  if (text.trim() === '')
    throw new CommandFailure('the script is empty', 'name an executable, or give a script on standard input');
  const folder = await mkdtemp(join(tmpdir(), 'pilotage-script-'));
  try {
    const file = join(folder, 'script.sh');
    await writeFile(file, text.startsWith('#!') ? text : `#!/bin/sh\n${text}`, { mode: 0o700 });
    return await work({ executable: 'script.sh', file, script: text, jobName: 'STDIN' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const plainArgument = /^(?:[\w@%+=:,./-]|%\(\w+\)s)+$/;

/** Arguments as one line that a shell takes apart into exactly these arguments again. */
export function commandLine(args: readonly string[]): string {
  return args.map((arg) => (plainArgument.test(arg) ? arg : `'${arg.replaceAll("'", `'\\''`)}'`)).join(' ');
}
