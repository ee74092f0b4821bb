import { integerBelow, randomFrom, shuffled } from './random.js';
import { scaleTo, type Workload, type WorkloadPilots, type WorkloadQueue } from './workload.js';

/** CPU work in ten of DIRAC's segments (normalised seconds). */
const cpuWorks = [300, 1_000, 3_000, 20_000, 40_000, 80_000, 100_000, 200_000, 300_000, 500_000];
const sites = Array.from({ length: 50 }, (_, at) => `Site${String(at + 1).padStart(2, '0')}`);
const platforms = ['x86_64-el8', 'x86_64-el9', 'x86_64-el10'];

/** Groups whose shares are 1,000, 2,000, 3,000 …. */
function groupsOf(count: number): Record<string, { share: number }> {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`group${at + 1}`, { share: (at + 1) * 1_000 }]));
}

/** Pilots of all sites in equal numbers, which run all platforms. */
function pilotsEverywhere(): WorkloadPilots[] {
  return sites.map((site) => ({ site, queue: 'all', platforms, weight: 1 }));
}

/**
 * A thousand task queues of equal size that fit every pilot: a hundred owners in four groups, each with the ten
 * requirement classes.
 */
export function uniformWorkload(jobs: number): Workload {
  const owners = Array.from({ length: 100 }, (_, at) => ({ owner: `owner${at + 1}`, group: `group${(at % 4) + 1}` }));
  const kinds = owners.flatMap((entity) =>
    cpuWorks.map((cpu_work) => ({ ...entity, description: { executable: 'simulate.sh', cpu_work } })),
  );
  const sizes = scaleTo(Array.from(kinds, () => 1), jobs); // prettier-ignore
  return {
    groups: groupsOf(4),
    queues: kinds.map((kind, at) => ({ ...kind, jobs: sizes[at] ?? 0 })),
    pilots: pilotsEverywhere(),
  };
}

const longTailQueues = 50_000;
const longTailOwners = 500;
const longTailClasses = 2_500;

/**
 * Fifty thousand task queues, the n-th with jobs in proportion to 1/n: five hundred owners in ten groups, 2,500
 * requirement classes that differ in sites, platforms, memory and CPU work. Half of the classes may run anywhere, the
 * others at one to fifty sites.
 */
export function longTailWorkload(jobs: number): Workload {
  const random = randomFrom(50_000);
  const classes = Array.from({ length: longTailClasses }, (_, number) => aClass(number, random));
  const sizes = scaleTo(Array.from({ length: longTailQueues }, (_, at) => 1 / (at + 1)), jobs); // prettier-ignore
  const pairs = distinctPairs(random);
  return {
    groups: groupsOf(10),
    queues: sizes.map((size, at): WorkloadQueue => {
      const [owner, kind] = pairs[at] ?? [0, 0];
      const description = classes[kind] ?? { executable: 'analyse.sh' };
      return { owner: `owner${owner + 1}`, group: `group${(owner % 10) + 1}`, description, jobs: size };
    }),
    pilots: pilotsEverywhere(),
  };
}

function aClass(number: number, random: () => number): WorkloadQueue['description'] {
  const anywhere = number % 2 === 0;
  const wanted = shuffled(sites, random).slice(0, 1 + integerBelow(sites.length, random));
  return {
    executable: 'analyse.sh',
    cpu_work: cpuWorks[number % cpuWorks.length],
    // Tells classes apart that are alike otherwise.
    min_ram: 500 + number,
    sites: anywhere ? [] : wanted,
    platforms: integerBelow(3, random) === 0 ? [] : [platforms[integerBelow(platforms.length, random)] ?? 'any'],
  };
}

/** So many pairs of an owner and a class, no two alike. */
function distinctPairs(random: () => number): [owner: number, kind: number][] {
  const seen = new Set<number>();
  while (seen.size < longTailQueues) seen.add(integerBelow(longTailOwners * longTailClasses, random));
  return [...seen].map((pair) => [pair % longTailOwners, Math.floor(pair / longTailOwners)]);
}
