import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import {
  checkDescription,
  checkJdl,
  JdlSyntaxError,
  parseJdl,
  type JdlRecord,
  type JobDescription,
  type JobDescriptionInput,
  type Problem,
} from '../../contract/index.js';
import { CommandFailure } from '../failure.js';
import type { Io } from '../io.js';

/** One description as it will be sent, with what is known of it here. */
export interface LocalDescription {
  /** Name by which problems call it. */
  source: string;
  /** Folder in which its local files are looked for. */
  folder: string;
  input: JobDescriptionInput;
  /** The checked form, with defaults. */
  checked: JobDescription;
}

export type Notation = 'jdl' | 'json';

/** Reads description files, JDL or JSON; `-` is standard input. All problems of all files are told at once. */
export async function readDescriptions(
  io: Io,
  files: readonly string[],
  notation?: Notation,
): Promise<LocalDescription[]> {
  const read: LocalDescription[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const text = file === '-' ? await io.input() : await readFile(resolve(io.folder, file), 'utf8');
    const folder = file === '-' ? io.folder : dirname(resolve(io.folder, file));
    const source = file === '-' ? 'standard input' : basename(file);
    for (const each of describe(text, source, notation)) {
      problems.push(...placedProblems(each));
      const { input, checked } = each;
      if (checked !== null) read.push({ source: each.source, folder, input: input as JobDescriptionInput, checked });
    }
  }
  refuseProblems(problems);
  return read;
}

/** Throws when there are problems. */
export function refuseProblems(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new CommandFailure('the description is not valid', 'correct it; nothing was submitted', { problems });
}

/** A description that was read, valid or not. */
export interface Described {
  source: string;
  input: unknown;
  checked: JobDescription | null;
  problems: Problem[];
}

function describe(text: string, source: string, notation: Notation | undefined): Described[] {
  if ((notation ?? notationOf(text)) === 'jdl') return [describeJdl(readRecord(text, source), source)];
  const inputs = jobsIn(readJson(text, source));
  return inputs.map((input, index) => {
    const name = inputs.length === 1 ? source : `${source} [${index}]`;
    const { description, problems } = checkDescription(input);
    return { source: name, input, checked: description, problems };
  });
}

/** Checks a JDL record; problems stand under the JDL names. */
export function describeJdl(record: JdlRecord, source: string): Described {
  const { input, description, problems } = checkJdl(record);
  return { source, input, checked: description, problems };
}

/** Parses a JDL; a syntax error names the source. */
export function readRecord(text: string, source: string): JdlRecord {
  try {
    return parseJdl(text).record;
  } catch (error) {
    if (!(error instanceof JdlSyntaxError)) throw error;
    throw new CommandFailure(`${source}, ${error.message}`, 'correct the description', { cause: error });
  }
}

/** JSON begins with { or [ and can be read as JSON; anything else is JDL. */
export function notationOf(text: string): Notation {
  if (/^\s*\{/.test(text)) return 'json';
  if (!/^\s*\[/.test(text)) return 'jdl';
  try {
    JSON.parse(text);
    return 'json';
  } catch {
    return 'jdl';
  }
}

function readJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CommandFailure(`${source} is not JSON: ${(cause as Error).message}`, 'correct the description', {
      cause,
    });
  }
}

/** One description, a list of them, or `{ "jobs": […] }`. */
function jobsIn(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && 'jobs' in value && Array.isArray(value.jobs)) return value.jobs;
  return [value];
}

/** The problems of a description, with its source in their paths. */
export function placedProblems({ source, problems }: Described): Problem[] {
  return problems.map(({ path, message }) => ({ path: path === '' ? source : `${source}: ${path}`, message }));
}
