import { build } from '../scripts/build.mjs';
import { exitCodeOfSignal } from '../scripts/signals.mjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Runs a benchmark on the built program, in a folder of its own that is removed afterwards: `start(folder, log)` gives the
 * world, which is stopped in the end, and `run(world, { log, signalled })` the exit code.
 */
export async function inScratch(start, run) {
  const signalled = exitCodeOfSignal();
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-bench-'));
  const log = (line) => console.error(`bench: ${line}`);
  let world = null;
  try {
    // Standard output belongs to the results.
    await build({ log });
    world = await start(folder, log);
    const code = await run(world, { log, signalled });
    return signalled() || code;
  } catch (error) {
    // The message of a failed insertion holds the whole statement.
    console.error(`bench: ${(error.stack ?? String(error)).slice(0, 2_000)}`);
    return signalled() || 1;
  } finally {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
