import { inScratch } from './in-scratch.mjs';
import { readOptions, usage } from './options.mjs';

const options = readOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.problem !== undefined) {
  console.error(`bench: ${options.problem}; see npm run bench -- --help`);
  process.exitCode = 2;
} else process.exitCode = await inScratch(start, run);

async function start(folder, log) {
  const { startWorld } = await import('./world.mjs');
  return await startWorld({ folder, options, log });
}

async function run(world, { log, signalled }) {
  const { measure } = await import('./measure.mjs');
  const results = await measure(world, options, { log, signalled });
  const { printResults } = await import('./print.mjs');
  printResults(results, options);
  return Object.values(results.paths).every(({ problems }) => problems.length === 0) ? 0 : 1;
}
