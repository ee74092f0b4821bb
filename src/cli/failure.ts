import { CommanderError } from 'commander';
import { z } from 'zod';
import { TransferRefused, Unreachable, UnsafeArchive } from '../client/index.js';
import { CallRefused, type Problem, type RefusalCode } from '../contract/index.js';
import { Interrupted } from './io.js';

/** How a command may end; `pilotage --help` explains the codes. */
export const exitCodes = { done: 0, failed: 1, someJobsFailed: 2, noAccess: 3, interrupted: 130 } as const;

/** The command cannot be carried out: says what is wrong and what to do. */
export class CommandFailure extends Error {
  readonly exitCode: number;
  readonly problems: readonly Problem[];

  constructor(
    readonly what: string,
    readonly advice: string,
    more: { exitCode?: number; problems?: readonly Problem[]; cause?: unknown } = {},
  ) {
    super(what, { cause: more.cause });
    this.name = 'CommandFailure';
    this.exitCode = more.exitCode ?? exitCodes.failed;
    this.problems = more.problems ?? [];
  }
}

const adviceFor: Partial<Record<RefusalCode | 'unknown', string>> = {
  'missing-token': 'sign in with "pilotage login"',
  'invalid-token': 'sign in again with "pilotage login"',
  forbidden: 'see "pilotage whoami" for your group and rights',
  'client-too-old': 'install a newer pilotage',
  'invalid-description': 'correct the description',
  'jdl-syntax': 'correct the description',
  'needs-catalogue': 'leave out InputData, OutputData and OutputSE',
  'too-many-jobs': 'submit fewer jobs at once',
  'too-many-waiting-jobs': 'wait until some of your jobs have started',
  'idempotency-conflict': 'use another key, or submit exactly the same jobs',
  'idempotency-in-progress': 'try again in a moment, with the same key',
  'job-not-found': 'see "pilotage job list"',
  'task-queue-not-found': 'see "pilotage why" with a job of it',
  'pilot-not-found': 'see "pilotage pilot list"',
  'unknown-resource': 'see "pilotage resource list"',
  'storage-closed': 'see "pilotage resource list --kind storage"; try again later',
  'log-not-found': 'the pilot has not sent any log yet; try again later',
  'unknown-column': 'see "pilotage job list --help" for the fields',
  'search-deadline': 'narrow the search: by state, owner, site, job group or days',
  'not-reschedulable': 'see "pilotage job status"',
  'sandbox-too-large': 'bring fewer or smaller files',
  'object-not-found': 'it was cleaned up, or never uploaded',
  'too-many-requests': 'send fewer calls at a time',
  'too-many-streams': 'end some of your other "--follow" commands',
  'server-busy': 'try again later',
  'sandbox-quota': 'remove jobs that you no longer need, or ask for more',
  unavailable: 'try again in a moment',
  internal: 'tell the operators of the server, with the time of day',
};

/** What to tell the user of an error, and the exit code. */
export interface Told {
  what: string;
  advice: string;
  problems: readonly Problem[];
  exitCode: number;
}

/** Turns any error into what is told: one line, with problems below it. */
export function tell(error: unknown): Told {
  if (error instanceof CommandFailure) return { ...error, what: error.what, advice: error.advice };
  if (error instanceof CallRefused) return tellRefusal(error);
  if (error instanceof CommanderError) {
    return told(error.message.replace(/^error: /, ''), 'see --help', exitCodes.failed);
  }
  if (error instanceof Unreachable) {
    return told(error.message, 'check the address (PILOTAGE_URL), the network and PILOTAGE_CA', exitCodes.noAccess);
  }
  if (error instanceof TransferRefused) return told(error.message, 'try again in a moment', exitCodes.failed);
  if (error instanceof UnsafeArchive) return told(error.message, 'do not trust where it came from', exitCodes.failed);
  if (error instanceof Interrupted) return told('interrupted', '', exitCodes.interrupted);
  if (error instanceof z.ZodError || error instanceof SyntaxError) {
    return told(
      'the answer is not one of a Pilotage server',
      'check PILOTAGE_URL and "pilotage version"',
      exitCodes.failed,
    );
  }
  return tellUnexpected(error);
}

function tellRefusal(error: CallRefused): Told {
  const noAccess = [401, 403, 503].includes(error.status);
  const known = adviceFor[error.code] ?? (error.status === 401 ? adviceFor['invalid-token'] : undefined) ?? '';
  const advice = error.status === 429 && error.retryAfter !== undefined ? inSeconds(known, error.retryAfter) : known;
  return {
    what: error.message,
    advice,
    problems: error.problems,
    exitCode: noAccess ? exitCodes.noAccess : exitCodes.failed,
  };
}

function inSeconds(advice: string, seconds: number): string {
  const when = `not before ${Math.ceil(seconds)} s from now`;
  return advice === '' ? `try again ${when}` : `${advice}; ${when}`;
}

const fileTroubles: Record<string, string> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  EEXIST: 'it exists already',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EROFS: 'the disk is read-only',
};

function tellUnexpected(error: unknown): Told {
  const { code, path, message } = error as NodeJS.ErrnoException;
  const trouble = code === undefined ? undefined : fileTroubles[code];
  if (trouble !== undefined) return told(`${path ?? message}: ${trouble}`, '', exitCodes.failed);
  const first = String(message ?? error).split('\n')[0] ?? '';
  return told(`unexpected error: ${first}`, 'set PILOTAGE_DEBUG=1 to see where', exitCodes.failed);
}

function told(what: string, advice: string, exitCode: number): Told {
  return { what, advice, problems: [], exitCode };
}

/** The lines for standard error: `program: what — advice`, then one line per problem. */
export function failureLines(program: string, { what, advice, problems }: Told): string {
  const sentence = what.replace(/\s+/g, ' ').replace(/\.$/, '').trim();
  const lines = [`${program}: ${sentence}${advice === '' ? '' : ` — ${advice}`}`];
  for (const { path, message } of problems) lines.push(`  ${path === '' ? '' : `${path}: `}${message}`);
  return `${lines.join('\n')}\n`;
}
