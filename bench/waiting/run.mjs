import { build } from '../../scripts/build.mjs';
import { exitCodeOfSignal } from '../../scripts/signals.mjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readWaitingOptions, usage } from './options.mjs';

const options = readWaitingOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.problem !== undefined) {
  console.error(`bench: ${options.problem}; see npm run bench:waiting -- --help`);
  process.exitCode = 2;
} else process.exitCode = await main();

async function main() {
  const signalled = exitCodeOfSignal();
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-bench-'));
  const log = (line) => console.error(`bench: ${line}`);
  let world = null;
  try {
    // Standard output belongs to the results.
    await build({ log });
    const { startWorld } = await import('../world.mjs');
    const { measureWaiting } = await import('./measure.mjs');
    world = await startWorld({ folder, options, log, servers: options.servers });
    const result = await measureWaiting(world, options, log);
    if (options.json) console.log(JSON.stringify(result, null, 2));
    else for (const [name, value] of Object.entries(result)) console.log(`${name}: ${JSON.stringify(value)}`);
    return signalled() || (result.problems.length === 0 ? 0 : 1);
  } catch (error) {
    console.error(`bench: ${(error.stack ?? String(error)).slice(0, 2_000)}`);
    return signalled() || 1;
  } finally {
    await world?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
