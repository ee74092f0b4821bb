import type { Io } from '../io.js';

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90 } as const;

const colourOf: Readonly<Record<string, keyof typeof codes>> = {
  Done: 'green',
  Completed: 'green',
  Failed: 'red',
  Aborted: 'red',
  Stalled: 'red',
  Running: 'cyan',
  Completing: 'cyan',
  Matched: 'cyan',
  Waiting: 'yellow',
  Killed: 'grey',
  Deleted: 'grey',
};

/** Colours are for terminals, unless NO_COLOR says that none are wanted. */
export function wantsColour(io: Io): boolean {
  return io.outIsTerminal && (io.environment['NO_COLOR'] ?? '') === '' && io.environment['TERM'] !== 'dumb';
}

/** Colours the states in a table. */
export function paintCell(column: string, value: unknown, text: string): string {
  const colour = column === 'Status' ? colourOf[String(value)] : undefined;
  return colour === undefined ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`;
}
