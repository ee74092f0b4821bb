import { drawPart } from './drawing.js';
import { jobTypes, otherSites, platformFamilies, platformKinds, queueSizes, simulationSites } from './lhcb-figures.js';
import { randomFrom } from './random.js';
import { scaleTo, type Workload, type WorkloadPilots, type WorkloadQueue } from './workload.js';

/** A task queue while it is being put together. */
export interface DrawnQueue {
  group: string;
  owner: string;
  cpuWork: number;
  jobs: number;
  jobType: string;
  sites: string[];
  bannedSites: string[];
  platforms: string[];
}

const seed = 20_260_328;
const simulation = 'lhcb_mc';
/** Of the same figures: the only queue of its owner may run anywhere but at three sites, on any platform. */
const anywhere = {
  owner: 'mmulder',
  jobType: 'LbAPI',
  banned: ['DIRAC.MareNostrum.es', 'DIRAC.SDumont.br', 'LCG.Beijing.cn'],
};

const shares = { lhcb_mc: 5_000, lhcb_data: 3_000, lhcb_mcproc: 1_000, lhcb_user: 1_000 };

/**
 * The queue of LHCb, scaled to so many jobs: 498 task queues with the sizes, groups, owners and CPU work of that day;
 * job types, sites and platforms drawn so that each stands in as many queues, with as many jobs, as it did. Shares of
 * groups are ours; they were not published.
 */
export function lhcbWorkload(jobs: number): Workload {
  const queues = drawQueues();
  const sizes = scaleTo(queues.map((queue) => queue.jobs), jobs); // prettier-ignore
  return { groups: groupShares(), queues: keptApart(queues, sizes), pilots: pilotKinds() };
}

/** The task queues of that day, with their own sizes. */
export function drawQueues(): DrawnQueue[] {
  const random = randomFrom(seed);
  const queues = queueSizes.flatMap(
    ({ group, cpuWork, jobs }) =>
    jobs.map((size) => ({
      group, cpuWork, jobs: size, owner: group === 'lhcb_user' ? 'sharmar' : 'lbprods',
      jobType: '', sites: [] as string[], bannedSites: [] as string[], platforms: [] as string[],
    })), // prettier-ignore
  );
  drawJobTypes(queues, random);
  drawPlatforms(queues, random);
  drawSites(queues, random);
  return queues;
}

function drawJobTypes(queues: readonly DrawnQueue[], random: () => number): void {
  for (const [group, types] of Object.entries(jobTypes)) {
    let pool = queues.filter((queue) => queue.group === group);
    for (const { name, queues: count, jobs } of types) {
      const { drawn, rest } = drawPart(pool, { count, jobs }, random);
      for (const queue of drawn) queue.jobType = name;
      pool = rest;
    }
  }
  for (const queue of queues.filter(({ jobType }) => jobType === anywhere.jobType)) {
    queue.owner = anywhere.owner;
    queue.bannedSites = [...anywhere.banned];
  }
}

/** Simulation runs on x86 only, and fills the larger kinds: those with few jobs are drawn first. */
function drawPlatforms(queues: readonly DrawnQueue[], random: () => number): void {
  let pool = queues.filter(({ owner }) => owner !== anywhere.owner);
  for (const { name, queues: count, jobs, families } of platformKinds) {
    const allowed = name === 'arm' ? pool.filter(({ group }) => group !== simulation) : pool;
    const { drawn } = drawPart(allowed, { count, jobs }, random);
    for (const queue of drawn) queue.platforms = families.flatMap((family) => [...platformFamilies[family]]);
    const taken = new Set(drawn);
    pool = pool.filter((queue) => !taken.has(queue));
  }
}

function drawSites(queues: readonly DrawnQueue[], random: () => number): void {
  const simulated = queues.filter(({ group }) => group === simulation);
  const others = queues.filter(({ group, owner }) => group !== simulation && owner !== anywhere.owner);
  const simulatedJobs = simulated.reduce((sum, queue) => sum + queue.jobs, 0);
  for (const queue of simulated) queue.sites.push(...simulationSites);
  const chosen = otherSites.map(({ name, queues: count, jobs }) => {
    const more = count - simulated.length;
    if (more < 0) {
      const { drawn } = drawPart(simulated, { count, jobs }, random);
      return { name, all: drawn, others: [] };
    }
    const { drawn } = drawPart(others, { count: more, jobs: jobs - simulatedJobs }, random);
    return { name, all: simulated, others: drawn };
  });
  giveEachOne(others, chosen.map((site) => site.others)); // prettier-ignore
  for (const { name, all, others: drawn } of chosen) for (const queue of [...all, ...drawn]) queue.sites.push(name);
}

/** A queue that no site has takes the place of the one nearest in size among those that several have. */
function giveEachOne(queues: readonly DrawnQueue[], sites: readonly DrawnQueue[][]): void {
  const times = new Map<DrawnQueue, number>(queues.map((queue) => [queue, 0]));
  for (const queue of sites.flat()) times.set(queue, (times.get(queue) ?? 0) + 1);
  for (const lonely of queues.filter((queue) => times.get(queue) === 0)) {
    const places = sites.flatMap((site) =>
      site.flatMap((queue, at) => ((times.get(queue) ?? 0) > 1 ? [{ site, at, queue }] : [])),
    );
    const apart = ({ queue }: { queue: DrawnQueue }): number => Math.abs(queue.jobs - lonely.jobs);
    const [nearest] = places.toSorted((a, b) => apart(a) - apart(b));
    if (nearest === undefined) throw new Error('More queues than places at sites');
    nearest.site[nearest.at] = lonely;
    times.set(nearest.queue, (times.get(nearest.queue) ?? 0) - 1);
    times.set(lonely, 1);
  }
}

/**
 * Descriptions of queues. Many were alike but for properties that were not published (DIRAC also splits a queue at 5,000
 * jobs): such queues differ in one MB of memory here, so that there are as many as there were.
 */
function keptApart(queues: readonly DrawnQueue[], sizes: readonly number[]): WorkloadQueue[] {
  const alike = new Map<string, number>();
  return queues.map(({ group, owner, cpuWork, jobType, sites, bannedSites, platforms }, at) => {
    const key = JSON.stringify([group, owner, cpuWork, jobType, sites, bannedSites, platforms]);
    const number = alike.get(key) ?? 0;
    alike.set(key, number + 1);
    const description = {
      executable: 'production.sh', job_type: jobType, cpu_work: cpuWork, sites, banned_sites: bannedSites, platforms,
      min_ram: 1_000 + number,
    }; // prettier-ignore
    return { group, owner, description, jobs: sizes[at] ?? 0 };
  });
}

/** Pilots of all sites, a third of them at the eleven large ones, run everything for x86; one of 23 is ARM, at CERN. */
function pilotKinds(): WorkloadPilots[] {
  const { arm, ...x86 } = platformFamilies;
  const large = otherSites.slice(0, 11);
  const small = [...simulationSites, ...otherSites.slice(11).map(({ name }) => name)];
  const x86Platforms = Object.values(x86).flat();
  const at = (weight: number) => (site: string) => ({ site, queue: 'x86', platforms: x86Platforms, weight });
  return [
    ...large.map(({ name }) => name).map(at(26)),
    ...small.map(at(12)),
    { site: 'LCG.CERN.cern', queue: 'arm', platforms: arm, weight: 40 },
  ];
}

function groupShares(): Workload['groups'] {
  return Object.fromEntries(Object.entries(shares).map(([group, share]) => [group, { share }]));
}
