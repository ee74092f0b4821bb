import { describe, expect, it } from '@jest/globals';
import { JobDescription, type JobDescriptionInput } from '../../../../src/contract/index.js';
import { otherSites, platformFamilies, platformKinds } from '../../../../src/simulation/workloads/lhcb-figures.js';
import { jobTypes, simulationSites } from '../../../../src/simulation/workloads/lhcb-figures.js';
import { drawQueues, type DrawnQueue } from '../../../../src/simulation/workloads/lhcb-queue.js';
import { scaleTo } from '../../../../src/simulation/workloads/workload.js';
import { workloads } from '../../../../src/simulation/workloads/index.js';
import { hashOf, requirementsOf } from '../../../../src/wms/task-queues/requirements.js';

const jobsIn = (queues: readonly { jobs: number }[]): number => queues.reduce((sum, { jobs }) => sum + jobs, 0);
/** Tables of that day differ by some dozen jobs. */
const near = (queues: readonly DrawnQueue[], jobs: number): boolean => Math.abs(jobsIn(queues) - jobs) <= 100;

describe('the queue of LHCb', () => {
  const queues = drawQueues();

  it('has the task queues and jobs of that day', () => {
    expect([queues.length, jobsIn(queues)]).toEqual([498, 871_925]);
  });

  it('has each job type in as many queues, with as many jobs', () => {
    for (const { name, queues: count, jobs } of Object.values(jobTypes).flat()) {
      const with_ = queues.filter(({ jobType }) => jobType === name);
      expect({ name, count: with_.length, near: near(with_, jobs) }).toEqual({ name, count, near: true });
    }
  });

  it('has each site in as many queues, with as many jobs', () => {
    for (const { name, queues: count, jobs } of [
      ...otherSites,
      ...simulationSites.map((site) => ({ name: site, queues: 269, jobs: 708_182 })),
    ]) {
      const at = queues.filter(({ sites }) => sites.includes(name));
      expect({ name, count: at.length, near: near(at, jobs) }).toEqual({ name, count, near: true });
    }
    expect(queues.filter(({ sites }) => sites.length === 0).map(({ owner, jobs }) => [owner, jobs])).toEqual([
      ['mmulder', 7],
    ]);
  });

  it('has each platform in as many queues, with as many jobs', () => {
    for (const { name, queues: count, jobs, families } of platformKinds) {
      const all = families.flatMap((family) => [...platformFamilies[family]]);
      const with_ = queues.filter(({ platforms }) => JSON.stringify(platforms) === JSON.stringify(all));
      expect({ name, count: with_.length, near: near(with_, jobs) }).toEqual({ name, count, near: true });
    }
  });
});

describe('workloads', () => {
  const parsed = Object.entries(workloads).map(([name, make]) => ({ name, workload: make(1_000_000) }));

  it.each(parsed)('$name has exactly the wanted jobs, in task queues no two of which are one', ({ workload }) => {
    expect(jobsIn(workload.queues)).toBe(1_000_000);
    const keys = new Set<string>();
    const hashes = new Map<object, string>();
    const hashOnce = (description: JobDescriptionInput): string => {
      const known = hashes.get(description) ?? hashOf(requirementsOf(JobDescription.parse(description)));
      hashes.set(description, known);
      return known;
    };
    for (const { group, owner, description, jobs } of workload.queues) {
      expect(jobs).toBeGreaterThan(0);
      expect(workload.groups).toHaveProperty(group);
      keys.add(`${group} ${owner} ${hashOnce(description)}`);
    }
    expect(keys.size).toBe(workload.queues.length);
  });

  it('are the same each time', () => {
    for (const make of Object.values(workloads))
      expect(JSON.stringify(make(100_000)) === JSON.stringify(make(100_000))).toBe(true);
  });

  it('refuse fewer jobs than queues', () => {
    expect(() => workloads['50000'](49_999)).toThrow(RangeError);
  });
});

describe('scaling', () => {
  it('keeps proportions and the sum, and leaves no queue empty', () => {
    expect(scaleTo([100, 200, 700], 10)).toEqual([1, 2, 7]);
    expect(scaleTo([1, 1, 1], 10)).toEqual([4, 3, 3]);
    expect(scaleTo([1, 1, 1_000_000], 10)).toEqual([1, 1, 8]);
  });
});
