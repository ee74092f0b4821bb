import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Refusal } from '../../../../src/contract/index.js';
import { Bitmap } from '../../../../src/wms/task-queues/bitmap.js';
import { type CapabilityInput, capabilityOf, type Free } from '../../../../src/wms/task-queues/capability.js';
import { ClassIndex } from '../../../../src/wms/task-queues/class-index.js';
import { eligible } from '../../../../src/wms/task-queues/eligible.js';
import { canonical, type Requirements } from '../../../../src/wms/task-queues/requirements.js';
import { tries } from '../../../support/properties.js';

const names = (...from: string[]) => fc.oneof({ weight: 2, arbitrary: fc.constant<string[]>([]) }, fc.subarray(from));
const sites = () => names('s1', 's2', 'S3', 's4');
const ces = () => names('c1', 'C2', 'c3');
const platforms = () => names('p1', 'p2', 'P3');
const types = () => names('user', 'Test', 'mc');
const tags = () => names('x', 'Y', 'z');
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const requirements: fc.Arbitrary<Requirements> = fc
  .record({
    sites: sites(),
    bannedSites: sites(),
    ces: ces(),
    platforms: platforms(),
    jobType: fc.constantFrom('', '', 'user', 'Test'),
    tags: tags(),
    minProcessors: fc.integer({ min: 1, max: 5 }),
    maxProcessors: fc.constant(8),
    wholeNode: fc.boolean(),
    minRam: fc.constantFrom(0, 0, 500, 1_000, 2_000),
    gpus: fc.constantFrom(0, 0, 1, 2),
    cpuWork: fc.constantFrom(360, 3_600, 86_400, 1_080_000),
    wallTime: fc.constantFrom(null, null, 60, 3_600, 7_200),
  })
  .map(canonical);
const input: fc.Arbitrary<CapabilityInput> = fc.record(
  {
    sites: some(sites()),
    ces: ces(),
    platforms: platforms(),
    jobTypes: some(types()),
    tags: fc.oneof(tags(), tags(), fc.constant(['any'])),
    requiredTags: fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, tags()),
    bannedSites: some(sites()),
    bannedCes: some(ces()),
    bannedPlatforms: some(platforms()),
    bannedJobTypes: some(types()),
    bannedTags: some(tags()),
    wholeNode: fc.boolean(),
  },
  { requiredKeys: ['sites', 'tags'] },
);
const free: fc.Arbitrary<Free> = fc.record({
  processors: fc.integer({ min: 0, max: 8 }),
  memory: fc.constantFrom(0, 400, 500, 1_500, 4_000, Infinity),
  gpus: fc.nat(3),
  cpuWorkLeft: fc.constantFrom(0, 360, 5_000, 100_000, Infinity),
  wallLeft: fc.constantFrom(0, 60, 5_000, 100_000),
  idle: fc.boolean(),
});

/** The ids of the classes that the index says may run there. */
function fitting(index: ClassIndex, known: ReadonlyMap<number, Requirements>, offer: [CapabilityInput, Free]) {
  const capability = capabilityOf(offer[0]);
  if (capability instanceof Refusal) return null;
  const found = index.fitting(index.signature(capability, offer[1]));
  const ids = [...known.keys()].filter((id) => found.has(index.ordinalOf(id) ?? -1));
  expect(found.size).toBe(ids.length);
  const expected = [...known].filter(([, needs]) => eligible(needs, capability, offer[1]) === null);
  return { ids, expected: expected.map(([id]) => id) };
}

describe('the index of requirement classes', () => {
  it('finds exactly the classes that are eligible, while classes come and go', () => {
    let pairs = 0;
    let fits = 0;
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.array(requirements, { minLength: 10, maxLength: 100, size: 'max' }) }),
        fc.record({ drop: fc.nat(1_000) }),
        fc.record({ empty: fc.constant(true) }),
      ),
      { minLength: 2, maxLength: 8 },
    );
    const offers = fc.array(fc.tuple(input, free), { minLength: 10, maxLength: 30, size: 'max' });
    const property = fc.property(steps, offers, (changes, asked) => {
      const index = new ClassIndex();
      const known = new Map<number, Requirements>();
      let next = 1;
      for (const change of changes) {
        if ('add' in change) {
          for (const one of change.add) {
            known.set(next, one);
            index.add(next, one);
            next += 1;
          }
        } else {
          const ids = [...known.keys()].filter((_, at) => 'empty' in change || (at + change.drop) % 3 === 0);
          for (const id of ids) {
            known.delete(id);
            index.delete(id);
          }
        }
        expect(index.size).toBe(known.size);
        for (const offer of asked) {
          const found = fitting(index, known, offer);
          if (found === null) continue;
          expect(found.ids).toEqual(found.expected);
          pairs += known.size;
          fits += found.ids.length;
        }
      }
    });
    fc.assert(property, tries(120));
    // The property is worth what it has tried, and what it has found on both sides.
    expect(pairs).toBeGreaterThan(200_000);
    expect(fits).toBeGreaterThan(pairs / 100);
  }, 60_000);

  it('gives offers that fit the same classes one signature, and says when that may have changed', () => {
    const index = new ClassIndex();
    const needing = (minRam: number) => canonical({ ...fc.sample(requirements, tries(1))[0], minRam } as Requirements);
    const place = capabilityOf({}) as Exclude<ReturnType<typeof capabilityOf>, Refusal>;
    const signature = (memory: number) =>
      index.signature(place, { processors: 8, memory, gpus: 0, cpuWorkLeft: 1e6, wallLeft: 1e6, idle: true }).key;
    index.add(1, needing(500));
    index.add(2, needing(2_000));
    const before = index.values;
    expect(signature(600)).toBe(signature(1_999));
    expect(signature(2_000)).toBe(signature(9_000));
    expect(signature(1_999)).not.toBe(signature(2_000));
    index.add(3, needing(2_000));
    expect(index.values).toBe(before);
    index.add(4, needing(3_000));
    expect(index.values).toBeGreaterThan(before);
    expect(signature(2_999)).not.toBe(signature(9_000));
  });

  it('keeps up with more changes than it remembers', () => {
    const index = new ClassIndex();
    const [one] = fc.sample(requirements, tries(1));
    const place = capabilityOf({ tags: ['any'], wholeNode: true });
    if (one === undefined || place instanceof Refusal) throw new Error('These are in order');
    const plenty = { processors: 64, memory: 1e6, gpus: 8, cpuWorkLeft: 1e7, wallLeft: 1e7, idle: true };
    index.add(-1, one);
    const signature = index.signature(place, plenty);
    for (let id = 0; id < 60_000; id += 1) {
      index.add(id, one);
      if (id % 10_000 === 5) expect(index.fitting(signature).size).toBe(7);
      if (id % 10_000 > 5) index.delete(id);
      if (id % 10_000 === 9_999) for (let left = id - 9_999; left < id - 9_993; left += 1) index.delete(left);
    }
    expect([...index.fitting(signature)]).toEqual([index.ordinalOf(-1)]);
    index.delete(-1);
    expect(index.fitting(signature).isEmpty).toBe(true);
  });
});

describe('a bitmap', () => {
  const numbers = fc.array(fc.nat(5_000), { maxLength: 40 });
  const mapOf = (list: readonly number[]) => {
    const map = new Bitmap();
    for (const one of list) map.add(one);
    return map;
  };
  it('is a set of numbers', () => {
    const property = fc.property(numbers, numbers, numbers, (first, second, without) => {
      const [a, b] = [new Set(first), new Set(second)];
      const both = mapOf(first);
      for (const one of without) {
        both.delete(one);
        a.delete(one);
      }
      const check = (map: Bitmap, expected: number[]): void => {
        expect([...map]).toEqual(expected.toSorted((x, y) => x - y));
        expect(map.size).toBe(expected.length);
        expect(map.isEmpty).toBe(expected.length === 0);
      };
      const [union, meet, rest] = [both.copy(), both.copy(), both.copy()];
      union.addAll(mapOf(second));
      meet.keepAll(mapOf(second));
      rest.deleteAll(mapOf(second));
      check(both, [...a]);
      check(union, [...new Set([...a, ...b])]);
      check(
        meet,
        [...a].filter((one) => b.has(one)),
      );
      check(rest, [...a].filter((one) => !b.has(one))); // prettier-ignore
      for (const one of [...first, ...second]) expect(union.has(one)).toBe(a.has(one) || b.has(one));
    });
    fc.assert(property, tries(500));
  });
});
