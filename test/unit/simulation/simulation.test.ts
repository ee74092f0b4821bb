import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { stringify } from 'yaml';
import { Refusal } from '../../../src/contract/index.js';
import { chartsOf } from '../../../src/simulation/charts.js';
import { reportOf } from '../../../src/simulation/report.js';
import type { Results } from '../../../src/simulation/results.js';
import { readScenario } from '../../../src/simulation/scenario.js';
import { Simulation } from '../../../src/simulation/simulation.js';

const queue = { vos: ['alpha'], processors: 4, memory: 16_000, max_wall_time: 172_800, max_pilots: 6 };
const job = { cpu_work: 43_200 };
const users = [
  { group: 'users', owner: 'anna', keep_waiting: 40 },
  { group: 'users', owner: 'bert', keep_waiting: 40 },
  { group: 'production', owner: 'prod', keep_waiting: 40 },
];
/** A small grid on which all have work. */
const small = {
  name: 'small',
  days: 2,
  configuration: {
    vos: {
      alpha: {
        default_group: 'users',
        groups: { users: { share: 1_000, owner_shares: { anna: 3 } }, production: { share: 3_000 } },
      },
    },
    sites: { One: { ces: { ce: { driver: 'simulated', queues: { all: queue } } } } },
  },
  users: users.map((user) => ({ vo: 'alpha', job, ...user })),
};

const simulate = (scenario: unknown): Promise<Results> => new Simulation(readScenario(stringify(scenario))).run();
const partOf = ({ entities }: Results, name: string) => entities.find((entity) => entity.name === name);

describe('a simulation', () => {
  it('of a week gives what is configured, within 2 %', async () => {
    const results = await simulate({ ...small, days: 7 });
    for (const { name, share, part, wanting } of results.entities) {
      expect(wanting).toBe(1);
      expect({ name, off: Math.abs(part / share - 1) < 0.02 }).toEqual({ name, off: true });
    }
    expect(partOf(results, 'alpha/users/anna')?.share).toBe(0.75);
  });

  it('finds the same with the same seed, something else with another', async () => {
    const bad = { never_start: 0.5, lost_per_day: 0.5, nodes: 20, black_holes: 1, where: 'One/*' };
    const scenario = { ...small, pilots: [bad], users: small.users.map((user) => ({ ...user, failures: 0.1 })) };
    const [one, again, other] = [
      await simulate(scenario),
      await simulate(scenario),
      await simulate({ ...scenario, seed: 2 }),
    ];
    expect(JSON.stringify(again)).toBe(JSON.stringify(one));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(one));
    expect(one.entities.some(({ lost }) => lost > 0)).toBe(true);
    expect(one.sites[0]?.failedPilots).toBeGreaterThan(0);
  });

  it('loses no job: what was submitted is done, failed, running, waiting or will wait again', async () => {
    const { jobs } = await simulate({ ...small, pilots: [{ lost_per_day: 2 }] });
    const { submitted, ...rest } = jobs;
    expect(Object.values(rest).reduce((sum, count) => sum + count, 0)).toBe(submitted);
    expect(jobs.done).toBeGreaterThan(0);
  });

  it('never gives a pilot more than it has, nor jobs to places that they do not fit', async () => {
    const picky = { vo: 'alpha', group: 'users', owner: 'carl', at_start: 5, job: { ...job, sites: ['Two'] } };
    const results = await simulate({ ...small, users: [...small.users, picky] });
    expect(partOf(results, 'alpha/users/carl')).toMatchObject({ submitted: 5, done: 0 });
    for (const [at, cores] of results.series.pilotCores.entries()) {
      const used = Object.values(results.series.cores).reduce((sum, line) => sum + (line[at] ?? 0), 0);
      expect(used).toBeLessThanOrEqual(cores);
    }
  });

  it('keeps limits of running jobs', async () => {
    const configuration = structuredClone(small.configuration) as { running_limits?: unknown };
    configuration.running_limits = [{ owner: '*', max_running: 3 }];
    const { series, jobs } = await simulate({ ...small, configuration, pilots: [{ lost_per_day: 1 }] });
    const most = Object.values(series.cores).map((line) => Math.max(...line));
    expect(most).toEqual([3, 3, 3]);
    expect(jobs.done).toBeGreaterThan(20);
  });

  it('shows what a changed share would change', async () => {
    const text = stringify(small);
    const set = new Map([['configuration.vos.alpha.groups.users.share', '3000']]);
    const results = await Promise.all(
      [readScenario(text), readScenario(text, set)].map((one) => new Simulation(one).run()),
    );
    expect(results.map((one) => Math.round((partOf(one, 'alpha/users')?.part ?? 0) * 100))).toEqual([25, 50]);
    const runs = results.map((one, at) => ({ label: `run ${at}`, results: one }));
    expect(reportOf(runs)).toMatch(/alpha\/users +25\.0 % → 50\.0 %/);
    const charts = chartsOf(results[1] as Results);
    for (const chart of Object.values(charts)) expect(chart).toMatch(/^<svg [^]*polyline[^]*<\/svg>\n$/);
  });
});

describe('a scenario', () => {
  it('is refused with all of its problems at once', () => {
    const wrong = {
      ...small,
      days: -1,
      users: [{ vo: 'alpha', group: 'users', owner: 'x', job: { cpu_work: 'much' } }],
    };
    const configuration = { vos: { alpha: { default_group: 'users', groups: { users: { share: 0 } } } } };
    const problems = problemsOf(stringify({ ...wrong, configuration, surprise: 1 }));
    expect(problems).toEqual(expect.arrayContaining(['days', 'users.0.job.cpu_work', 'configuration.vos.alpha.groups.users.share', ''])); // prettier-ignore
  });

  it('names only VOs and groups that there are', () => {
    const stranger = { vo: 'beta', group: 'users', owner: 'x' };
    expect(problemsOf(stringify({ ...small, users: [stranger, { ...stranger, vo: 'alpha', group: 'none' }] }))).toEqual(
      ['users.0.vo', 'users.1.group'],
    );
    expect(problemsOf('a: [')).toHaveLength(1);
  });

  it.each(readdirSync('examples/simulation').filter((file) => file.endsWith('.yml')))(
    'of the examples runs: %s',
    async (file) => {
      const text = readFileSync(`examples/simulation/${file}`, 'utf8');
      const scenario = readScenario(text, new Map([['scale', '0.002'], ['days', '0.05'], ['measure_from_day', '0']])); // prettier-ignore
      const { jobs } = await new Simulation(scenario).run();
      expect(jobs.submitted).toBeGreaterThan(0);
      expect(jobs.running + jobs.done).toBeGreaterThan(0);
    },
  );
});

function problemsOf(text: string): string[] {
  try {
    readScenario(text);
    return [];
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return (error.details.problems ?? []).map(({ path }) => path);
  }
}
