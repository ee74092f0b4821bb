import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { Refusal } from '../contract/index.js';
import { chartsOf } from './charts.js';
import { type LabelledRun, reportOf } from './report.js';
import { readScenario, type Scenario } from './scenario.js';
import { Simulation } from './simulation.js';

interface Options {
  json?: string;
  svg?: string;
  set: string[];
  compare: string[];
  scale?: string;
  days?: string;
}

const program = new Command('npm run simulate --')
  .description('try a policy on simulated sites, pilots and users: the matching, shares and limits are the server’s')
  .argument('<scenario>', 'a YAML file; see docs/simulation.md')
  .option('--set <key=value>', 'also run it with this changed, and show both; may be repeated', collect, [])
  .option('--compare <scenario>', 'also run this one, and show both; may be repeated', collect, [])
  .option('--scale <part>', 'of the pilots and jobs, in all runs')
  .option('--days <number>', 'how long, in all runs')
  .option('--json <file>', 'write all numbers there')
  .option('--svg <folder>', 'write charts there')
  .action(simulate);

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

async function simulate(file: string, { json, svg, set, compare, scale, days }: Options): Promise<void> {
  const all = Object.entries({ scale, days }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${value}`],
  );
  const scenarios = [
    { label: basename(file), scenario: read(file, all) },
    ...(set.length > 0 ? [{ label: set.join(' '), scenario: read(file, [...all, ...set]) }] : []),
    ...compare.map((other) => ({ label: basename(other), scenario: read(other, all) })),
  ];
  const runs: LabelledRun[] = [];
  for (const { label, scenario } of scenarios) runs.push({ label, results: await run(label, scenario) });
  process.stdout.write(`${reportOf(runs)}\n`);
  if (json !== undefined) {
    const entries = runs.map(({ label, results }) => ({ label, ...results }));
    writeFileSync(json, `${JSON.stringify(entries, null, 1)}\n`);
  }
  if (svg === undefined) return;
  mkdirSync(svg, { recursive: true });
  for (const [at, { results }] of runs.entries()) {
    for (const [name, chart] of Object.entries(chartsOf(results)))
      writeFileSync(join(svg, runs.length === 1 ? name : `${at + 1}-${name}`), chart);
  }
}

function read(file: string, set: readonly string[]): Scenario {
  const changes = set.map((change) => {
    const at = change.indexOf('=');
    if (at < 1) throw new Error(`--set ${change}: key=value is needed`);
    return [change.slice(0, at), change.slice(at + 1)] as const;
  });
  return readScenario(textOf(file), new Map(changes));
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
}

async function run(label: string, scenario: Scenario): Promise<LabelledRun['results']> {
  const began = { at: performance.now(), cpu: process.cpuUsage() };
  const simulation = new Simulation(scenario);
  const results = await simulation.run();
  const seconds = (performance.now() - began.at) / 1_000;
  const { user, system } = process.cpuUsage(began.cpu);
  const cpu = (user + system) / 1e6;
  const speed = Math.round(simulation.happened / seconds);
  const memory = Math.round(process.memoryUsage().rss / 2 ** 20);
  const said = `${simulation.happened} events in ${seconds.toFixed(1)} s (${cpu.toFixed(1)} s of CPU), ${speed} a second, ${memory} MiB`;
  process.stderr.write(
    `${label}: ${scenario.days} ${scenario.days === 1 ? 'day' : 'days'}, ${results.jobs.submitted} jobs, ${said}\n`,
  );
  return results;
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const problems = error instanceof Refusal ? (error.details.problems ?? []) : [];
  process.stderr.write(`${error.message}\n`);
  for (const { path, message } of problems) process.stderr.write(`  ${path === '' ? '' : `${path}: `}${message}\n`);
  process.exitCode = 1;
}
