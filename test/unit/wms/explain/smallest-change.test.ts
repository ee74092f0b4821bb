import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type JobDescriptionInput, requirementNames } from '../../../../src/contract/index.js';
import { neverTogether } from '../../../../src/wms/explain/never-together.js';
import type { Resource } from '../../../../src/wms/explain/resources.js';
import { smallestChanges, smallestChangesOf } from '../../../../src/wms/explain/smallest-change.js';
import { eligible, type Mismatch, mismatchesOf } from '../../../../src/wms/task-queues/eligible.js';
import type { Requirements } from '../../../../src/wms/task-queues/requirements.js';
import { tries } from '../../../support/properties.js';
import { asking, resource } from './places.js';

const cases: [Mismatch, Partial<JobDescriptionInput>, Resource, string][] = [
  ['site', { sites: ['CERN'] }, resource({ sites: ['RAL'] }), 'add site RAL'],
  ['banned-site', { banned_sites: ['RAL', 'PIC'] }, resource({ sites: ['RAL'] }), 'do not ban site RAL'],
  ['ce', { ces: ['ce1'] }, resource({ ces: ['CE2'] }), 'add computing element CE2'],
  ['platform', { platforms: ['el8'] }, resource({ platforms: ['el9'] }), 'add platform el9'],
  ['job-type', { job_type: 'User' }, resource({ jobTypes: ['Test'] }), 'make it a job of type test'],
  ['tags', { tags: ['gpu', 'fast'] }, resource({ tags: ['fast'] }), 'leave out tag gpu'],
  ['required-tags', {}, resource({ tags: ['long'], requiredTags: ['long'] }), 'add tag long'],
  ['banned-by-place', { tags: ['gpu'] }, resource({ tags: ['any'], bannedTags: ['gpu'] }), 'leave out tag gpu'],
  ['whole-node', { whole_node: true }, resource({}), 'do not ask for a whole node'],
  [
    'processors',
    { min_processors: 8 },
    resource({}, { processors: 4 }),
    'ask for at most 4 processors (you ask for 8)',
  ],
  [
    'memory',
    { min_ram: 9_000 },
    resource({}, { memory: 2_500 }),
    'ask for at most 2,500 MB of memory (you ask for 9,000)',
  ],
  ['gpus', { gpus: 2 }, resource({}, { gpus: 0 }), 'ask for no GPUs (you ask for 2)'],
  [
    'cpu-work',
    { cpu_work: 500_000 },
    resource({}, { cpuWorkLeft: 100_000 }),
    'ask for at most 86,400 normalised seconds of CPU work (you ask for 518,400)',
  ],
  [
    'wall-time',
    { wall_time: 7_200 },
    resource({}, { wallLeft: 3_600.5 }),
    'ask for at most 3,600 s of wall time (you ask for 7,200)',
  ],
];

describe('the smallest change', () => {
  it.each(cases)('for %s is told in words', (mismatch, description, place, words) => {
    expect(smallestChanges(asking(description), [place])).toEqual([
      { requirements: [mismatch], words, then: { queues: 1, pilots: 0 } },
    ]);
  });

  it('covers every requirement', () => {
    expect(cases.map(([mismatch]) => mismatch)).toEqual(requirementNames);
  });

  it('is the one with fewest requirements, as near to what is asked as it can be, for as many resources as it gets', () => {
    const asked = asking({ sites: ['CERN'], min_processors: 8 });
    const at = (site: string, processors: number, pilots?: number) =>
      resource({ sites: [site] }, { processors }, pilots === undefined ? {} : { pilots });
    const suggested = smallestChanges(asked, [at('CERN', 2), at('CERN', 4), at('RAL', 8, 5), at('PIC', 1)]);
    expect(suggested.map(({ words, then }) => [words, then])).toEqual([
      ['add site RAL', { queues: 0, pilots: 5 }],
      ['ask for at most 4 processors (you ask for 8)', { queues: 1, pilots: 0 }],
      ['add site PIC, and ask for at most 1 processor (you ask for 8)', { queues: 3, pilots: 0 }],
    ]);
  });

  it('is none where nothing helps: no processors, or less CPU work than any job asks for', () => {
    expect(smallestChanges(asking({}), [resource({}, { processors: 0 }), resource({}, { cpuWorkLeft: 100 })])).toEqual(
      [],
    );
    expect(smallestChanges(asking({}), [])).toEqual([]);
  });
});

const some = (...names: string[]) => fc.subarray(names);
const aWish = fc.record({
  sites: some('A', 'B'),
  banned_sites: some('B', 'C'),
  platforms: some('el8', 'el9'),
  tags: some('x', 'y'),
  job_type: fc.constantFrom('User', 'Test'),
  whole_node: fc.boolean(),
  min_processors: fc.integer({ min: 1, max: 4 }),
  min_ram: fc.constantFrom(0, 1_000, 3_000),
  gpus: fc.nat(1),
  cpu_work: fc.constantFrom(360, 3_600, 86_400),
  wall_time: fc.constantFrom(60, 3_600),
});
const aResource = fc
  .record({
    sites: fc.constantFrom(['A'], ['B'], ['C']),
    platforms: some('el9', 'el10'),
    tags: some('x', 'y', 'z'),
    requiredTags: some('z'),
    jobTypes: some('Test'),
    bannedTags: some('y'),
    wholeNode: fc.boolean(),
    processors: fc.integer({ min: 0, max: 4 }),
    memory: fc.constantFrom(500, 2_000, 4_000),
    gpus: fc.nat(1),
    cpuWorkLeft: fc.constantFrom(200, 4_000, 90_000),
    wallLeft: fc.constantFrom(0, 100, 5_000),
  })
  .filter(({ tags, requiredTags, bannedTags }) =>
    requiredTags.every((tag) => tags.includes(tag) && !bannedTags.includes(tag)),
  ) // prettier-ignore
  .map(({ processors, memory, gpus, cpuWorkLeft, wallLeft, ...input }) =>
    resource(input, { processors, memory, gpus, cpuWorkLeft, wallLeft }),
  );

/** What may stand in the fields of requirements, as far as these worlds know it. */
const subsets = (...all: string[]): string[][] =>
  all.reduce<string[][]>((sets, one) => [...sets, ...sets.map((set) => [...set, one])], [[]]);
const grid = {
  sites: subsets('a', 'b', 'c'),
  bannedSites: subsets('b', 'c'),
  platforms: subsets('el8', 'el9', 'el10'),
  jobType: ['', 'user', 'test'],
  tags: subsets('x', 'y', 'z'),
  wholeNode: [false, true],
  minProcessors: [1, 2, 3, 4],
  minRam: [0, 500, 1_000, 2_000, 3_000, 4_000],
  gpus: [0, 1],
  cpuWork: [360, 3_600, 86_400],
  wallTime: [null, 60, 100, 3_600, 5_000],
} satisfies { [Key in keyof Requirements]?: Requirements[Key][] };
type Field = keyof typeof grid;
const fields = Object.keys(grid) as Field[];

/** Every way to write requirements with these fields set to anything. */
function* rewritings(of: Requirements, [field, ...rest]: readonly Field[]): Generator<Requirements> {
  if (field === undefined) yield of;
  else for (const value of grid[field]) yield* rewritings({ ...of, [field]: value }, rest);
}

/** The fields in which requirements differ. */
const changedFields = (from: Requirements, to: Requirements): Field[] =>
  fields.filter((field) => JSON.stringify(from[field]) !== JSON.stringify(to[field]));

const runs = (of: Requirements, resources: readonly Resource[]): boolean =>
  resources.some(({ place: { capability, free } }) => eligible(of, capability, free) === null);

function* setsOf<T>(all: readonly T[], size: number, from = 0): Generator<T[]> {
  if (size === 0) yield [];
  else
    for (const [at, one] of all.entries())
      if (at >= from) for (const rest of setsOf(all, size - 1, at + 1)) yield [one, ...rest];
}

describe('for any job and any resources', () => {
  const worlds = [aWish, fc.array(aResource, { minLength: 1, maxLength: 4 })] as const;

  it('the suggested change makes it run somewhere, and no smaller change does', () => {
    const property = fc.property(...worlds, (wish, resources) => {
      const asked = asking(wish);
      fc.pre(!runs(asked, resources));
      const [smallest] = smallestChangesOf(asked, resources);
      const size = smallest === undefined ? 3 : changedFields(asked, smallest.changed).length;
      for (const { place } of smallest?.then ?? [])
        expect(eligible(smallest?.changed ?? asked, place.capability, place.free)).toBeNull();
      expect(smallest?.then).not.toEqual([]);
      // All ways to rewrite three fields and more take too long.
      for (let fewer = 1; fewer < Math.min(size, 3); fewer += 1)
        for (const names of setsOf(fields, fewer))
          for (const rewritten of rewritings(asked, names))
            if (runs(rewritten, resources)) expect([names, rewritten]).toBe('too large a change');
    });
    fc.assert(property, tries(150));
  }, 120_000);

  it('a single number is lowered no further than it must be', () => {
    const numbers = ['minProcessors', 'minRam', 'gpus', 'cpuWork'] as const;
    const property = fc.property(...worlds, (wish, resources) => {
      const asked = asking(wish);
      fc.pre(!runs(asked, resources));
      for (const { changed } of smallestChangesOf(asked, resources)) {
        const [field, ...others] = changedFields(asked, changed);
        const key = numbers.find((one) => one === field);
        if (others.length > 0 || key === undefined) continue;
        for (const rewritten of rewritings(asked, [key]))
          if (rewritten[key] > changed[key]) expect(runs(rewritten, resources)).toBe(false);
      }
    });
    fc.assert(property, tries(300));
  }, 120_000);

  it('the requirements that never come together are missed by every resource, and no fewer are', () => {
    const property = fc.property(...worlds, (wish, resources) => {
      const asked = asking(wish);
      const missing = resources.map(({ place }) => mismatchesOf(asked, place.capability, place.free));
      const set = neverTogether(missing);
      if (runs(asked, resources)) return expect(set).toBeNull();
      const isHit = (names: readonly Mismatch[]): boolean =>
        missing.every((one) => one.some((name) => names.includes(name)));
      expect(set === null ? false : isHit(set)).toBe(true);
      for (let fewer = 0; fewer < (set ?? []).length; fewer += 1)
        for (const names of setsOf(requirementNames, fewer)) expect(isHit(names)).toBe(false);
    });
    fc.assert(property, tries(300));
  }, 120_000);

  it('all mismatches begin with the one that matching tells', () => {
    const property = fc.property(aWish, aResource, (wish, { place: { capability, free } }) => {
      const asked = asking(wish);
      expect(mismatchesOf(asked, capability, free)[0] ?? null).toBe(eligible(asked, capability, free));
    });
    fc.assert(property, tries(2_000));
  });
});
