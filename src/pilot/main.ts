import { rmSync } from 'node:fs';
import { Unreachable } from '../client/index.js';
import { CallRefused } from '../contract/index.js';
import { type PilotConfig, readConfig, settingsHelp } from './config.js';
import { PilotLog } from './log-shipping.js';
import { pilot } from './pilot.js';
import { stopSignal } from './stop-signals.js';

const version = '0.1.0';
const help = `pilotage-pilot: claims jobs from a Pilotage server and runs them on this node.
It is started by the wrapper script that a computing element runs, and configured by variables:

${settingsHelp}

Exit codes:
  0    ended as it should: no job, no time, or the server asked for it
  1    broke off by an error
  2    a setting is missing or wrong
  3    the server refused this pilot, or could not be reached
  143  told to stop while it ran
`;

/** Runs the pilot; gives the exit code. */
async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) return say(help);
  if (args.includes('--version')) return say(`${version}\n`);
  let config: PilotConfig;
  try {
    config = readConfig();
  } catch (error) {
    process.stderr.write(`pilotage-pilot: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  const log = new PilotLog((text) => void process.stdout.write(text), { everySeconds: config.logSeconds });
  // The CE may close its end; the log goes to the server all the same.
  process.stdout.on('error', () => undefined);
  const wrapper = process.ppid;
  const signal = stopSignal();
  try {
    const farewell = await pilot(config, log, signal);
    return signal.aborted ? 143 : farewell.status === 'Done' ? 0 : 1;
  } catch (error) {
    log.line(`pilot: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    return error instanceof CallRefused || error instanceof Unreachable ? 3 : 1;
  } finally {
    // The wrapper script removes the directory, unless it is gone.
    if (process.ppid !== wrapper) rmSync(config.directory, { recursive: true, force: true });
  }
}

function say(text: string): number {
  process.stdout.write(text);
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
// Sockets of a proxy or a payload's descriptor must not keep an ended pilot alive.
setTimeout(() => process.exit(), 3000).unref();
