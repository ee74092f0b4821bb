import { text } from 'node:stream/consumers';
import { exitCodes } from './failure.js';
import { Interrupted, type Io } from './io.js';
import { run, type ProgramName } from './run.js';
import { processEnvironment } from './settings.js';

/** Runs one of the programs in this process: its streams, its environment, Ctrl-C. Sets the exit code. */
export async function main(name: ProgramName, args: readonly string[]): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => {
    // The second Ctrl-C does not wait for anything.
    if (stop.signal.aborted) process.exit(exitCodes.interrupted);
    stop.abort(new Interrupted());
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Whoever read the output (head, less) has seen enough.
      if (error.code === 'EPIPE') process.exit(exitCodes.done);
      throw error;
    });
  }
  process.exitCode = await run(name, args, processIo(stop.signal));
  process.off('SIGINT', interrupt);
  process.off('SIGTERM', interrupt);
}

function processIo(signal: AbortSignal): Io {
  return {
    out: (written) => void process.stdout.write(written),
    error: (written) => void process.stderr.write(written),
    input: () => text(process.stdin),
    outIsTerminal: process.stdout.isTTY === true,
    errorIsTerminal: process.stderr.isTTY === true,
    inputIsTerminal: process.stdin.isTTY === true,
    columns: () => process.stdout.columns ?? 120,
    folder: process.cwd(),
    environment: processEnvironment(),
    signal,
  };
}
