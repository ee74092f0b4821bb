import { parseDocument } from 'yaml';
import { z } from 'zod';
import { Configuration } from '../configuration/index.js';
import { JobDescription, type Problem, Refusal } from '../contract/index.js';
import { Distribution } from './distribution.js';

const count = z.number().int().min(0);
const part = z.number().min(0).max(1);

/** What becomes of the pilots of a queue; `*` stands for any part of a name. */
const Pilots = z.strictObject({
  where: z.string().default('*').describe('`site/ce/queue`; the last entry that fits a queue counts'),
  start_delay: Distribution.default({ median: 300, sigma: 1, at_most: 14_400 }).describe(
    'From submission to start (s)',
  ),
  never_start: part.default(0).describe('Part of the pilots that end before they start'),
  lost_per_day: z.number().min(0).default(0).describe('Pilots that vanish with their jobs, per pilot and day'),
  idle_seconds: count.default(600).describe('A pilot without jobs ends after so long (s)'),
  nodes: z.number().int().min(1).default(100).describe('Nodes on which the pilots of the queue run'),
  black_holes: count.default(0).describe('So many of the nodes fail every job'),
  black_hole_seconds: z.number().positive().default(20).describe('A job on such a node fails after so long (s)'),
});

/** Somebody who submits jobs, all alike. Times in days from the beginning. */
const User = z.strictObject({
  vo: z.string(),
  group: z.string(),
  owner: z.string(),
  job: z
    .preprocess((given) => ({ executable: 'simulated', ...(given as object | undefined) }), JobDescription)
    .prefault({})
    .describe('What its jobs ask for, as a job description'),
  at_start: count.default(0).describe('Jobs that wait when it begins'),
  per_day: z.number().min(0).default(0).describe('Jobs a day, spread evenly'),
  at_once: z.number().int().min(1).default(1).describe('Jobs of one submission'),
  from_day: z.number().min(0).default(0).describe('When submission begins'),
  to_day: z.number().min(0).optional().describe('When it ends'),
  keep_waiting: count.default(0).describe('Submits whenever fewer than so many of its jobs wait'),
  work: Distribution.default({ from: 0.3, to: 0.9 }).describe(
    'What a job needs of the CPU work that it asks for; 1 is all of it',
  ),
  failures: part.default(0).describe('Part of the jobs whose payload fails'),
});

/** A workload of the kind that the benchmarks use. */
const Mixture = z.strictObject({
  vo: z.string(),
  like: z.enum(['lhcb', '1000', '50000']).describe('Which distribution over task queues'),
  at_start: count.default(0).describe('Jobs that wait when it begins'),
  per_day: z
    .number()
    .min(0)
    .default(0)
    .describe('Jobs a day, spread evenly over time, and over task queues as they are'),
  work: Distribution.default({ from: 0.3, to: 0.9 }).describe('What a job needs of the CPU work that it asks for'),
  failures: part.default(0).describe('Part of the jobs whose payload fails'),
});

/** Sites of the kind that a mixture of the same name runs at, beside those of the configuration. */
const Grid = z.strictObject({
  vo: z.string(),
  like: z.enum(['lhcb', '1000', '50000']).describe('Whose sites and platforms'),
  cores: z.number().int().min(1).describe('Most cores of all pilots'),
  processors: z.number().int().min(1).default(8).describe('Cores of a pilot'),
  memory_per_core: count.default(4_000).describe('MB'),
  max_wall_time: z.number().int().min(60).default(172_800).describe('Wall time of a pilot (s)'),
  cpu_power: z.number().positive().default(10).describe('Benchmark score of a core'),
});

const Scenario = z.strictObject({
  name: z.string(),
  seed: z.number().int().default(1),
  days: z.number().positive().max(3_660),
  measure_from_day: z.number().min(0).default(0).describe('What happened before is not in the results'),
  scale: z.number().positive().max(1).default(1).describe('Pilots and jobs are so many times as many'),
  configuration: z
    .record(z.string(), z.unknown())
    .describe('VOs, groups, sites, shares and limits, as for an installation'),
  grids: z.array(Grid).default([]),
  pilots: z.array(Pilots).default([]),
  users: z.array(User).default([]),
  mixtures: z.array(Mixture).default([]),
});

export type PilotBehaviour = z.output<typeof Pilots>;
export type SimulatedGrid = z.output<typeof Grid>;
export type Scenario = Omit<z.output<typeof Scenario>, 'configuration'> & { configuration: Configuration };

/** How pilots behave of which a scenario says nothing. */
export const usualPilots: PilotBehaviour = Pilots.parse({});

/** What a configuration of a simulation need not say. */
const noStorage = { elements: { none: { driver: 'file', root: '/nowhere' } }, sandboxes: 'none', pilot_logs: 'none' };

/**
 * The scenario in a YAML text, with some of its keys changed: `set` maps paths like `configuration.vos.lhcb.share` to
 * values in YAML. Throws the Refusal `invalid-configuration` with all problems at once.
 */
export function readScenario(text: string, set: ReadonlyMap<string, string> = new Map()): Scenario {
  const document = parseDocument(text, { prettyErrors: true });
  if (document.errors.length > 0) throw refuse(document.errors.map(({ message }) => ({ path: '', message })));
  for (const [path, value] of set) document.setIn(path.split('.').map(keyOf), parseDocument(value).toJS());
  const parsed = Scenario.safeParse(document.toJS() ?? {});
  const problems = parsed.success ? [] : problemsOf(parsed.error, []);
  const given = parsed.success
    ? parsed.data.configuration
    : (document.toJS() as { configuration?: unknown } | null)?.configuration;
  const configuration = Configuration.safeParse({ storage: noStorage, ...(typeof given === 'object' ? given : {}) });
  if (!configuration.success) problems.push(...problemsOf(configuration.error, ['configuration']));
  if (!parsed.success || !configuration.success) throw refuse(problems);
  const scenario = { ...parsed.data, configuration: configuration.data };
  const unknown = unknownNames(scenario);
  if (unknown.length > 0) throw refuse(unknown);
  return scenario;
}

/** Names of VOs and groups that the configuration does not have. */
function unknownNames({ users, mixtures, grids, configuration: { vos } }: Scenario): Problem[] {
  const problems: Problem[] = [];
  for (const [at, { vo, group }] of users.entries()) {
    if (!Object.hasOwn(vos, vo)) problems.push({ path: `users.${at}.vo`, message: `there is no VO ${vo}` });
    else if (!Object.hasOwn(vos[vo]?.groups ?? {}, group))
      problems.push({ path: `users.${at}.group`, message: `${vo} has no group ${group}` });
  }
  for (const [list, entries] of Object.entries({ mixtures, grids })) {
    for (const [at, { vo }] of entries.entries())
      if (!Object.hasOwn(vos, vo)) problems.push({ path: `${list}.${at}.vo`, message: `there is no VO ${vo}` });
  }
  return problems;
}

function keyOf(step: string): string | number {
  return /^\d+$/.test(step) ? Number(step) : step;
}

function problemsOf(error: z.ZodError, above: readonly string[]): Problem[] {
  return error.issues.map(({ path, message }) => ({ path: [...above, ...path.map(String)].join('.'), message }));
}

function refuse(problems: Problem[]): Refusal {
  const number = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  return new Refusal('invalid-configuration', `The scenario has ${number}`, { problems });
}
