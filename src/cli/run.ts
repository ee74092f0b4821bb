import { CommanderError, type Command } from 'commander';
import type { Context } from './command.js';
import { exitCodes, failureLines, tell } from './failure.js';
import { Interrupted, type Io } from './io.js';
import { pilotage } from './pilotage.js';
import { dkill } from './short/dkill.js';
import { dlogging } from './short/dlogging.js';
import { doutput } from './short/doutput.js';
import { dpeek } from './short/dpeek.js';
import { dstat } from './short/dstat.js';
import { dsub } from './short/dsub.js';

/** The programs that this package installs. */
export const programs = { pilotage, dsub, dstat, doutput, dkill, dlogging, dpeek } as const;
export type ProgramName = keyof typeof programs;

/** Runs a program with the arguments that were typed, and gives its exit code. Never throws. */
export async function run(name: ProgramName, args: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.done;
  const context: Context = { io, program: name, ended: (code) => (exitCode = Math.max(exitCode, code)) };
  const command: Command = programs[name](context);
  try {
    await command.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && isHelp(error)) return error.exitCode;
    return report(context, error);
  }
}

/** Help and version have printed what was asked for; a group without a command has printed its help as an error. */
function isHelp(error: CommanderError): boolean {
  return ['commander.helpDisplayed', 'commander.version', 'commander.help'].includes(error.code);
}

function report({ io, program }: Context, error: unknown): number {
  // After Ctrl-C every open call ends with an error of its own.
  const cause = io.signal.aborted ? new Interrupted() : error;
  const told = tell(cause);
  io.error(failureLines(program, told));
  if ((io.environment['PILOTAGE_DEBUG'] ?? '') !== '' && error instanceof Error) io.error(`${error.stack}\n`);
  return told.exitCode;
}
