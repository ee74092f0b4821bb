import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Offer } from '../../../src/contract/index.js';
import { type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe, rroe } from '../../support/stages.js';

/** What a job asks for; `cpu_work` stands at a bound of a segment, so that nothing is rounded. */
interface Wish {
  sites: string[];
  banned_sites: string[];
  platforms: string[];
  tags: string[];
  min_processors: number;
  min_ram: number;
  gpus: number;
  cpu_work: number;
  wall_time: number;
  priority: number;
}
interface Job {
  wish: Wish;
  owner: typeof jdoe;
}
interface Asked {
  offer: Partial<Offer>;
  isolation: string;
  maxJobs: number;
}

const some = (...names: string[]) => fc.subarray(names);
const aJob: fc.Arbitrary<Job> = fc.record({
  wish: fc.record({
    sites: some('Demo.Local', 'Elsewhere'),
    banned_sites: fc.oneof({ weight: 4, arbitrary: fc.constant<string[]>([]) }, some('DEMO.local', 'Other')),
    platforms: some('p1', 'p2'),
    tags: some('x', 'y'),
    min_processors: fc.integer({ min: 1, max: 3 }),
    min_ram: fc.constantFrom(0, 500, 3_000),
    gpus: fc.constantFrom(0, 0, 1),
    cpu_work: fc.constantFrom(360, 3_600, 86_400),
    wall_time: fc.constantFrom(60, 7_200),
    priority: fc.nat(10),
  }),
  owner: fc.constantFrom(jdoe, rroe),
});
const anOffer = fc.record({
  platforms: some('P1', 'p3'),
  processors: fc.integer({ min: 0, max: 8 }),
  memory: fc.constantFrom(400, 4_000, 16_000),
  gpus: fc.nat(2),
  cpu_work_left: fc.constantFrom(1_000, 1e6),
  wall_left: fc.constantFrom(3_600, 1e5),
  tags: some('X', 'y', 'z'),
  idle: fc.boolean(),
});
const anAsking: fc.Arbitrary<Asked> = fc.record({
  offer: anOffer,
  isolation: fc.constantFrom('bubblewrap', 'none'),
  maxJobs: fc.integer({ min: 1, max: 6 }),
});

/** The rules of matching, one job held against one offer, without task queues, classes or caches. */
function fits({ wish }: Job, { offer }: Pick<Asked, 'offer'>): boolean {
  const lower = (names: readonly string[] = []): string[] => names.map((name) => name.toLowerCase());
  const { platforms = [], processors = 0, memory = 0, gpus = 0, cpu_work_left = 0, wall_left = 0, tags } = offer;
  const meets = (wanted: readonly string[], offered: readonly string[]): boolean =>
    wanted.length === 0 || offered.length === 0 || lower(wanted).some((name) => lower(offered).includes(name));
  return (
    meets(wish.sites, ['Demo.Local']) &&
    !lower(wish.banned_sites).includes('demo.local') &&
    meets(wish.platforms, platforms) &&
    wish.tags.every((tag) => lower(tags).includes(tag)) &&
    wish.min_processors <= processors &&
    wish.min_ram <= memory &&
    wish.gpus <= gpus &&
    wish.cpu_work <= cpu_work_left &&
    wish.wall_time <= wall_left
  );
}

/** What is left of an offer when these jobs have their parts. */
function minus(offer: Partial<Offer>, jobs: readonly Job[]): Partial<Offer> {
  const sum = (of: (wish: Wish) => number): number => jobs.reduce((all, { wish }) => all + of(wish), 0);
  return {
    ...offer,
    processors: (offer.processors ?? 0) - sum((wish) => wish.min_processors),
    memory: (offer.memory ?? 0) - sum((wish) => wish.min_ram),
    gpus: (offer.gpus ?? 0) - sum((wish) => wish.gpus),
  };
}

describe('matching, held against one job and one offer after the other', () => {
  let wms: MatchingTest;
  let server: Matcher;
  beforeAll(async () => {
    wms = await startMatching();
    server = wms.server();
  });
  afterAll(() => wms.close());
  afterEach(() => wms.database.execute('UPDATE jobs SET waiting_in = NULL'));

  async function submit(jobs: readonly Job[]): Promise<Map<number, Job>> {
    const waiting = new Map<number, Job>();
    for (const job of jobs) {
      const max_processors = job.wish.min_processors;
      const [id = 0] = await wms.submit({ ...job.wish, max_processors }, { owner: job.owner });
      waiting.set(id, job);
    }
    return waiting;
  }
  /** Claims by a pilot that no queue of the configuration limits; gives the jobs and forgets that they wait. */
  async function claim(waiting: Map<number, Job>, { offer, isolation, maxJobs }: Asked): Promise<Job[]> {
    const stamp = await wms.pilot({ queue: 'foreign', isolation });
    const got = await server.claim(stamp, { offer, maxJobs });
    return got.map(({ job_id }) => {
      const job = waiting.get(job_id);
      if (job === undefined) throw new Error(`Job ${job_id} was given twice, or never waited`);
      waiting.delete(job_id);
      return job;
    });
  }
  const everything: Partial<Offer> = { processors: 500, memory: 1e6, gpus: 50, cpu_work_left: 1e6, wall_left: 1e5 };

  it('gives a place with room for all exactly the jobs that fit it', async () => {
    const property = fc.asyncProperty(fc.array(aJob, { maxLength: 8 }), anOffer, async (jobs, { platforms, tags }) => {
      const waiting = await submit(jobs);
      const offer = { ...everything, platforms, tags };
      const expected = [...waiting.values()].filter((job) => fits(job, { offer }));
      const got = await claim(waiting, { offer, isolation: 'bubblewrap', maxJobs: 64 });
      expect(new Set(got)).toEqual(new Set(expected));
      await wms.database.execute('UPDATE jobs SET waiting_in = NULL');
    });
    await fc.assert(property, { numRuns: 15 });
  }, 300_000);

  it('gives pilots that ask at once what fits them, leaves nothing that would still fit, and loses nothing', async () => {
    const askings = fc.array(anAsking, { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(fc.array(aJob, { maxLength: 8 }), askings, async (jobs, asked) => {
      const waiting = await submit(jobs);
      const given = await Promise.all(asked.map((one) => claim(waiting, one)));
      for (const [at, one] of asked.entries()) {
        const got = given[at] ?? [];
        expect(got.length).toBeLessThanOrEqual(one.maxJobs);
        for (const [n, job] of got.entries()) {
          const others = got.filter((_, other) => other !== n);
          expect(fits(job, { offer: minus(one.offer, others) })).toBe(true);
        }
        const owners = new Set(got.map(({ owner }) => owner));
        if (one.isolation === 'none') expect(owners.size).toBeLessThanOrEqual(1);
        if (got.length === one.maxJobs) continue;
        const servable = [...waiting.values()].filter(
          ({ owner }) => one.isolation !== 'none' || owners.size === 0 || owners.has(owner),
        );
        expect(servable.filter((job) => fits(job, { offer: minus(one.offer, got) }))).toEqual([]);
      }
      await wms.database.execute("UPDATE pilots SET isolation = 'bubblewrap'");
      const here = [...waiting.values()].filter((job) => fits(job, { offer: { ...everything, tags: ['x', 'y'] } }));
      const rest = await claim(waiting, {
        offer: { ...everything, tags: ['any'] },
        isolation: 'bubblewrap',
        maxJobs: 64,
      });
      expect(new Set(rest)).toEqual(new Set(here));
      await wms.database.execute('UPDATE jobs SET waiting_in = NULL');
    });
    await fc.assert(property, { numRuns: 15 });
  }, 300_000);
});
