import { inScratch } from '../in-scratch.mjs';
import { readExplainOptions, usage } from './options.mjs';

const options = readExplainOptions(process.argv.slice(2));
if (options.help) console.log(usage);
else if (options.problem !== undefined) {
  console.error(`bench: ${options.problem}; see npm run bench:explain -- --help`);
  process.exitCode = 2;
} else {
  let workload;
  process.exitCode = await inScratch(
    async (folder, log) => {
      const { workloads } = await import('../../dist/simulation/workloads/index.js');
      const { configurationOf } = await import('./prepare.mjs');
      const { startWorld } = await import('../world.mjs');
      workload = workloads[options.queues](options.jobs);
      return await startWorld({ folder, options, log, document: configurationOf(workload, options) });
    },
    async (world, { log }) => {
      const { measureExplain } = await import('./measure.mjs');
      const result = await measureExplain(world, workload, options, log);
      if (options.json) console.log(JSON.stringify(result, null, 2));
      else for (const [name, value] of Object.entries(result)) console.log(`${name}: ${JSON.stringify(value)}`);
      return 0;
    },
  );
}
