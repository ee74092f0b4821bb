import { Command, InvalidArgumentError } from 'commander';
import type { Io } from './io.js';

/** What every command is built with: the outside world, the name people typed, and where the exit code goes. */
export interface Context {
  io: Io;
  /** `pilotage`, `dstat`, …: errors begin with it. */
  program: string;
  /** Sets the exit code of a command that was carried out, but not for all jobs. */
  ended: (exitCode: number) => void;
}

/** A program whose help goes to `io`, and whose errors are thrown. */
export function newProgram({ io, program }: Context): Command {
  return new Command(program)
    .exitOverride()
    .configureOutput({
      writeOut: io.out,
      writeErr: io.error,
      // Errors are told in one place, in one form.
      outputError: () => undefined,
      getOutHelpWidth: io.columns,
      getErrHelpWidth: io.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .helpOption('-h, --help', 'print this help');
}

/** Reads a whole number from 1 for an option. */
export function positive(text: string): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new InvalidArgumentError('A whole number from 1 is needed.');
  return Number(text);
}

/** Reads a number of seconds for an option; fractions are allowed. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('A number of seconds is needed.');
  return value;
}

/** Reads a number of days. */
export function days(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('A number of days is needed.');
  return value;
}
