import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mostHosts, withinCaps } from '../../../../src/wms/black-holes/blast-radius.js';
import type { FailedAttempt, GoodAttempts } from '../../../../src/wms/black-holes/evidence.js';
import { judge } from '../../../../src/wms/black-holes/judge.js';
import { tries } from '../../../support/properties.js';
import { rules } from './evidence.js';

const places = fc
  .record({ site: fc.constantFrom('x', 'y'), ce: fc.constantFrom('c', 'd'), host: fc.integer({ min: 0, max: 5 }) })
  .chain(({ site, ce, host }) =>
    fc.integer({ min: 1, max: 2 }).map((pilot) => {
      const node = host === 0 ? '' : `n${host}`;
      return { site, ce, host: node, pilot: `${site}-${ce}-${host}-${pilot}` };
    }),
  );
const works = fc.constantFrom('a', 'b', 'c').map((owner) => ({ owner, work: `${owner}/prod` }));

const failures = (jobs: fc.Arbitrary<number>): fc.Arbitrary<FailedAttempt[]> =>
  fc.array(
    fc
      .tuple(places, works, jobs, fc.constantFrom('lost' as const, 'failed' as const), fc.integer({ min: 0, max: 60 }))
      .map(([place, work, job, cause, seconds]) => ({ ...place, ...work, job, cause, seconds })),
    { maxLength: 150 },
  );
const manyJobs = failures(fc.integer({ min: 1, max: 1_000 }));
const good: fc.Arbitrary<GoodAttempts[]> = fc.array(
  fc
    .tuple(places, works, fc.integer({ min: 1, max: 60 }))
    .map(([place, work, count]) => ({ ...place, ...work, count })),
  { maxLength: 40 },
);
const past = new Map();

describe('the judge, whatever the evidence', () => {
  it('blames nobody when nothing failed', () => {
    fc.assert(
      fc.property(good, (well) => {
        expect(judge({ failures: [], good: well, past }, rules)).toEqual([]);
      }),
      tries(200),
    );
  });

  it('does not look at its order', () => {
    fc.assert(
      fc.property(
        manyJobs.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        good.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([one, other], [well, shuffled]) => {
          const names = (evidence: FailedAttempt[], ended: GoodAttempts[]): string[] =>
            judge({ failures: evidence, good: ended, past }, rules).map(({ level, name }) => `${level} ${name}`);
          // The same job at the same host is one failure, whichever of its attempts is seen first.
          expect(names(once(other), shuffled).toSorted()).toEqual(names(once(one), well).toSorted());
        },
      ),
      tries(300),
    );
  });

  it('blames nobody for fewer jobs than it takes, however often they are lost', () => {
    fc.assert(
      fc.property(failures(fc.integer({ min: 1, max: rules.least_failures - 1 })), good, (few, well) => {
        expect(judge({ failures: few, good: well, past }, rules)).toEqual([]);
      }),
      tries(300),
    );
  });

  it('names only places where enough different jobs failed, and none within another', () => {
    fc.assert(
      fc.property(manyJobs, good, (list, well) => {
        const blames = judge({ failures: list, good: well, past }, rules);
        for (const { level, name, within } of blames) {
          const there = list.filter(({ site, ce, host, pilot }) =>
            [pilot, `${site}/${host}`, `${site}/${ce}`, site].includes(name),
          );
          expect(new Set(there.map(({ job }) => job)).size).toBeGreaterThanOrEqual(rules.least_failures);
          expect(blames.some((other) => within.includes(`${other.level} ${other.name}`))).toBe(false);
          expect(level === 'host' && name.endsWith('/')).toBe(false);
        }
      }),
      tries(300),
    );
  });
});

describe('the caps', () => {
  it('are never exceeded, whatever stands already and whatever is blamed', () => {
    const levels = fc.constantFrom('pilot' as const, 'host' as const, 'ce' as const, 'site' as const);
    const blames = fc.uniqueArray(
      fc.tuple(levels, fc.constantFrom('x', 'y'), fc.integer({ min: 0, max: 30 })).map(([level, site, n]) => ({
        level,
        site,
        name: `${site}/${n}`,
        cause: 'lost' as const,
        within: [],
        certain: true,
        chance: 0,
        reason: '',
      })),
      { selector: ({ level, name }) => `${level} ${name}`, maxLength: 40 },
    );
    const sizes = fc.record({
      hosts: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 2 }),
      cores: fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 31, maxLength: 31 }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(blames, fc.nat(10), sizes, (all, before, { hosts, cores, part }) => {
        const coresOf = new Map<string, number>(
          ['x', 'y'].flatMap((site) =>
            cores.flatMap((count, n) => [[`ce ${site}/${n}`, count] as const, [`site ${site}/${n}`, count] as const]),
          ),
        );
        const allCores = 4 * cores.reduce((sum, count) => sum + count, 0);
        const hostsOf = new Map([['x', hosts[0] ?? 0], ['y', hosts[1] ?? 0]]); // prettier-ignore
        const caps = { hosts_of_a_site: part, cores: part };
        const known = { hosts: hostsOf, cores: coresOf, allCores };
        const standing = withinCaps(all.slice(0, before), [], known, caps).setAside;
        const { setAside, alarms } = withinCaps(all.slice(before), standing, known, caps);
        expect(setAside.length + alarms.length).toBe(all.slice(before).length);
        const aside = [...standing, ...setAside];
        for (const site of ['x', 'y']) {
          const nodes = aside.filter((place) => place.site === site && ['pilot', 'host'].includes(place.level)).length;
          expect(nodes).toBeLessThanOrEqual(mostHosts(hostsOf.get(site) ?? 0, part));
        }
        const coresAside = aside.reduce((sum, { level, name }) => sum + (coresOf.get(`${level} ${name}`) ?? 0), 0);
        expect(coresAside).toBeLessThanOrEqual(allCores * part);
      }),
      tries(500),
    );
  });

  it.each([
    [0, 0.25, 0],
    [2, 1, 0],
    [3, 0.25, 1],
    [5, 0.25, 1],
    [12, 0.25, 3],
    [100, 0, 0],
  ])('let of %i hosts, with a part of %f, %i go', (hosts, part, most) => {
    expect(mostHosts(hosts, part)).toBe(most);
  });
});

function once(list: readonly FailedAttempt[]): FailedAttempt[] {
  const sorted = list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  const first = new Map(sorted.map((failure) => [`${failure.job} ${failure.site}/${failure.host}`, failure]));
  return list.filter((failure) => first.get(`${failure.job} ${failure.site}/${failure.host}`) === failure);
}
