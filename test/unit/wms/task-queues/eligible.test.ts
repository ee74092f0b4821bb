import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JobDescription, type JobDescriptionInput, Refusal } from '../../../../src/contract/index.js';
import { type CapabilityInput, capabilityOf, type Free } from '../../../../src/wms/task-queues/capability.js';
import { ClassIndex } from '../../../../src/wms/task-queues/class-index.js';
import { eligible, fitsNow, fitsPlace } from '../../../../src/wms/task-queues/eligible.js';
import { requirementsOf } from '../../../../src/wms/task-queues/requirements.js';

type Descriptions = Record<string, Partial<JobDescriptionInput>>;
const plenty: Free = {
  processors: 32,
  memory: 64_000,
  gpus: 4,
  cpuWorkLeft: 1_080_000,
  wallLeft: 864_000,
  idle: true,
};

function place(input: CapabilityInput) {
  const capability = capabilityOf(input);
  if (capability instanceof Refusal) throw capability;
  return capability;
}
const requirements = (description: Partial<JobDescriptionInput>) =>
  requirementsOf(JobDescription.parse({ executable: '/bin/true', ...description }));

/** The names of the jobs that may run there. */
function matched(jobs: Descriptions, input: CapabilityInput, free: Partial<Free> = {}): string[] {
  const capability = place(input);
  const names = Object.entries(jobs)
    .filter(([, description]) => eligible(requirements(description), capability, { ...plenty, ...free }) === null)
    .map(([name]) => name);
  // What is true of one job after the other is true of the index of classes.
  const index = new ClassIndex();
  const ordinals = Object.values(jobs).map((description, at) => index.add(at, requirements(description)));
  const found = index.fitting(index.signature(capability, { ...plenty, ...free }));
  expect(Object.keys(jobs).filter((_, at) => found.has(ordinals[at] ?? -1))).toEqual(names);
  return names;
}

describe('sites', () => {
  const jobs = { a: { sites: ['CERN'] }, b: { sites: ['IN2P3'] }, c: { sites: ['CERN', 'IN2P3'], cpu_work: 5_000 } };

  it('a place that names no site gets every job', () => {
    expect(matched(jobs, {}, { cpuWorkLeft: 90_000 })).toEqual(['a', 'b', 'c']);
  });
  it('a job that names sites runs there only', () => {
    expect(matched(jobs, { sites: ['CERN'] })).toEqual(['a', 'c']);
    expect(matched(jobs, { sites: ['in2p3'] })).toEqual(['b', 'c']);
    expect(matched(jobs, { sites: ['RAL'] })).toEqual([]);
    expect(matched(jobs, { sites: ['RAL', 'Any'] })).toEqual(['a', 'b', 'c']);
  });
});

describe('banned sites', () => {
  const jobs = { '127': { banned_sites: ['CERN', 'IN2P3'] }, '128': { banned_sites: ['IN2P3', 'Test'] } };

  it('keep a job away from each of them', () => {
    expect(matched(jobs, {})).toEqual(['127', '128']);
    expect(matched(jobs, { platforms: ['centos7'] })).toEqual(['127', '128']);
    expect(matched(jobs, { sites: ['Test'] })).toEqual(['127']);
    expect(matched(jobs, { sites: ['cern'] })).toEqual(['128']);
    expect(matched(jobs, { sites: ['IN2P3'] })).toEqual([]);
  });
  it('of several sites on offer one that is not banned will do', () => {
    expect(matched(jobs, { sites: ['IN2P3', 'Test'] })).toEqual(['127']);
  });
});

describe('platforms', () => {
  const before = {
    '1': { platforms: ['centos7'] },
    '3': { platforms: ['ubuntu'] },
    '4': { platforms: ['centos7', 'slc6'] },
    '5': { platforms: ['debian', 'ubuntu'] },
  };
  const jobs = { ...before, '6': {} };

  it('one of the wanted ones must be there', () => {
    expect(matched(before, { platforms: ['centos7'] })).toEqual(['1', '4']);
    expect(matched(before, { platforms: ['slc5'] })).toEqual([]);
    expect(matched(before, { platforms: ['debian', 'slc6'] })).toEqual(['4', '5']);
  });
  it('a job that names none runs everywhere, and a place that names none gets every job', () => {
    expect(matched(jobs, { platforms: ['slc6'] })).toEqual(['4', '6']);
    expect(matched(jobs, { platforms: ['slc5'] })).toEqual(['6']);
    expect(matched(jobs, { platforms: ['centos8'] })).toEqual(['6']);
    expect(matched(jobs, {})).toEqual(['1', '3', '4', '5', '6']);
    expect(matched(jobs, { platforms: ['ANY'] })).toEqual(['1', '3', '4', '5', '6']);
  });
});

describe('tags', () => {
  const jobs = {
    '1': { tags: ['MP'] },
    '2': { tags: ['SP'] },
    '3': { tags: ['SP', 'MP'] },
    '4': { tags: ['MP', 'GPU'] },
    '5': {},
    '6': { tags: ['MP', '17Processors'] },
  };
  const few = { processors: 8 };

  it('all tags of a job must be on offer; without tags only untagged jobs come', () => {
    expect(matched(jobs, {}, few)).toEqual(['5']);
    expect(matched(jobs, { tags: [''] }, few)).toEqual(['5']);
    expect(matched(jobs, { tags: ['MP'] }, few)).toEqual(['1', '5']);
    expect(matched(jobs, { tags: ['sp', 'mp'] }, few)).toEqual(['1', '2', '3', '5']);
    expect(matched(jobs, { tags: ['4Processors'] }, few)).toEqual(['5']);
  });
  it('"any" among the tags admits them all, but no more processors than there are', () => {
    for (const tags of [['ANY'], ['aNy'], ['MP', 'aNy']]) {
      expect(matched(jobs, { tags })).toEqual(['1', '2', '3', '4', '5', '6']);
      expect(matched(jobs, { tags }, few)).toEqual(['1', '2', '3', '4', '5']);
    }
  });
  it('required tags must be in the job, and on offer', () => {
    expect(matched(jobs, { tags: ['MP'], requiredTags: ['MP'] }, few)).toEqual(['1']);
    expect(capabilityOf({ requiredTags: ['MP'] })).toMatchObject({ code: 'wrong-conditions' });
    expect(matched(jobs, { tags: ['MP'], requiredTags: ['any'] }, few)).toEqual(['1', '5']);
  });

  it('stand beside platforms', () => {
    const both = {
      '1': { platforms: ['centos7'] },
      '2': { tags: ['MP'] },
      '3': { platforms: ['centos7'], tags: ['MP'] },
      '4': { platforms: ['slc6'], tags: ['MP'] },
    };
    expect(matched(both, { platforms: ['ANY'] })).toEqual(['1']);
    expect(matched(both, { platforms: ['ANY'], tags: ['ANY'] })).toEqual(['1', '2', '3', '4']);
    expect(matched(both, { platforms: ['slc6'], tags: ['MP'] })).toEqual(['2', '4']);
  });
});

describe('several requirements', () => {
  const jobs = {
    '1': { sites: ['S1', 'S2'], platforms: ['centos7'] },
    '2': { sites: ['S1'], platforms: ['slc6', 'centos7'] },
    '3': { sites: ['S2'], platforms: ['slc6', 'centos7'] },
    '4': { sites: ['S1', 'S2'], platforms: ['ubuntu'] },
    '5': { sites: ['S1', 'S2'] },
  };

  it('must all be fulfilled', () => {
    expect(matched(jobs, { platforms: ['slc6', 'centos7'], sites: ['ANY'] })).toEqual(['1', '2', '3', '5']);
    expect(matched(jobs, { platforms: ['ubuntu'] })).toEqual(['4', '5']);
    expect(matched(jobs, { platforms: ['slc6', 'centos7'], sites: ['S1'] })).toEqual(['1', '2', '5']);
    expect(matched(jobs, { platforms: ['ANY'], sites: ['ANY'] })).toEqual(['1', '2', '3', '4', '5']);
    expect(matched(jobs, {}, { cpuWorkLeft: 10 })).toEqual([]);
  });
});

describe('numbers', () => {
  const jobs = {
    plain: { cpu_work: 3_600 },
    long: { cpu_work: 80_000 },
    wall: { cpu_work: 360, wall_time: 7_200 },
    four: { cpu_work: 360, min_processors: 4, max_processors: 8 },
    memory: { cpu_work: 360, min_ram: 4_000 },
    gpu: { cpu_work: 360, gpus: 1 },
    whole: { cpu_work: 360, whole_node: true },
  };
  const small = { processors: 1, memory: 2_000, gpus: 0, cpuWorkLeft: 3_600, wallLeft: 3_600 };

  it('are compared with what is free', () => {
    expect(matched(jobs, {}, small)).toEqual(['plain']);
    expect(matched(jobs, {}, { ...small, cpuWorkLeft: 86_400 })).toEqual(['plain', 'long']);
    expect(matched(jobs, {}, { ...small, wallLeft: 7_200 })).toEqual(['plain', 'wall']);
    expect(matched(jobs, {}, { ...small, processors: 4 })).toEqual(['plain', 'four']);
    expect(matched(jobs, {}, { ...small, memory: 4_000 })).toEqual(['plain', 'memory']);
    expect(matched(jobs, {}, { ...small, gpus: 1 })).toEqual(['plain', 'gpu']);
  });
  it('a whole node must be able to be given away, and idle', () => {
    expect(matched(jobs, { wholeNode: true }, small)).toEqual(['plain', 'whole']);
    expect(matched(jobs, { wholeNode: true }, { ...small, idle: false })).toEqual(['plain']);
  });
  it('say which requirement is not fulfilled', () => {
    const why = (description: Partial<JobDescriptionInput>) =>
      eligible(requirements({ cpu_work: 360, ...description }), place({ sites: ['S'], tags: ['x'] }), {
        ...plenty,
        ...small,
      });
    expect(why({ sites: ['T'] })).toBe('site');
    expect(why({ banned_sites: ['S'] })).toBe('banned-site');
    expect(why({ tags: ['y'] })).toBe('tags');
    expect(why({ min_processors: 2 })).toBe('processors');
    expect(why({ min_ram: 2_001 })).toBe('memory');
    expect(why({ cpu_work: 4_000 })).toBe('cpu-work');
    expect(why({ wall_time: 3_601 })).toBe('wall-time');
    expect(why({})).toBeNull();
  });
});

describe('what a place bans', () => {
  it('excludes the jobs that ask for any of it', () => {
    const jobs = { a: { sites: ['A'] }, ab: { sites: ['A', 'B'] }, c: { sites: ['C'] }, none: {} };
    expect(matched(jobs, { bannedSites: ['A'] })).toEqual(['c', 'none']);
    expect(matched(jobs, { bannedSites: ['A', 'C'] })).toEqual(['none']);
    const types = { user: { job_type: 'User' }, test: { job_type: 'Test' } };
    expect(matched(types, { bannedJobTypes: ['user', 'x'] })).toEqual(['test']);
    expect(matched(types, { jobTypes: ['Test'] })).toEqual(['test']);
  });
});

describe('eligible', () => {
  const name = fc.constantFrom('a', 'B', 'c', 'D');
  const names = fc.uniqueArray(name, { maxLength: 3 });
  const description = fc.record({
    sites: names,
    banned_sites: names,
    platforms: names,
    ces: names,
    tags: names,
    min_processors: fc.integer({
      min: 1,
      max: 4,
    }),
    min_ram: fc.integer({
      min: 0,
      max: 4,
    }),
    gpus: fc.nat(2),
    cpu_work: fc.integer({
      min: 1,
      max: 5_000,
    }),
  });
  const offer = fc.record({ sites: names, platforms: names, ces: names, tags: names });
  const free = fc.record({
    processors: fc.nat(4),
    memory: fc.nat(4),
    gpus: fc.nat(2),
    cpuWorkLeft: fc.nat(5_000),
    wallLeft: fc.constant(0),
    idle: fc.boolean(),
  });
  const low = (list: string[]) => list.map((one) => one.toLowerCase());
  const meets = (wanted: string[], offered: string[]) =>
    wanted.length === 0 || offered.length === 0 || low(wanted).some((one) => low(offered).includes(one));

  it('agrees with the rules spelled out one by one, for any job and place', () => {
    fc.assert(
      fc.property(description, offer, free, (job, there, now) => {
        const needed = requirements(job);
        const expected =
          meets(job.sites, there.sites) &&
          (there.sites.length === 0 || low(there.sites).some((site) => !low(job.banned_sites).includes(site))) &&
          meets(job.platforms, there.platforms) &&
          meets(job.ces, there.ces) &&
          low(job.tags).every((tag) => low(there.tags).includes(tag)) &&
          job.min_processors <= now.processors &&
          job.min_ram <= now.memory &&
          job.gpus <= now.gpus &&
          needed.cpuWork <= now.cpuWorkLeft;
        expect(eligible(needed, place(there), now) === null).toBe(expected);
      }),
      { numRuns: 2_000 },
    );
  });
  it('is what never changes for a place together with what is free', () => {
    fc.assert(
      fc.property(description, offer, free, (job, there, now) => {
        const needed = requirements(job);
        const both = fitsPlace(needed, place(there)) === null && fitsNow(needed, now) === null;
        expect(eligible(needed, place(there), now) === null).toBe(both);
      }),
    );
  });
});
