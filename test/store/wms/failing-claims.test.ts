import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Database, Transaction } from '../../../src/platform/index.js';
import { JobCounts } from '../../../src/wms/counters/index.js';
import { Jobs } from '../../../src/wms/jobs/jobs.js';
import { aMatcher, anOffer, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { atSite, big, expectWholeSlots } from '../../support/running-limits.js';

/** A database that fails once, like one to which the connection is lost: at the nth statement, or right after a commit. */
class Flaky {
  statements = 0;
  failsAt: number | 'after-commit' | null = null;

  of(real: Database): Database {
    const step = async <R>(work: () => Promise<R>): Promise<R> => {
      this.statements += 1;
      if (this.statements === this.failsAt) this.fail();
      return work();
    };
    const over = (tx: Transaction): Transaction => ({
      query: (sql, values) => step(() => tx.query(sql, values)),
      execute: (sql, values) => step(() => tx.execute(sql, values)),
    });
    return Object.assign(Object.create(real) as Database, {
      transaction: async <T>(body: (tx: Transaction) => Promise<T>): Promise<T> => {
        const value = await real.transaction((tx) => body(over(tx)));
        if (this.failsAt === 'after-commit') this.fail();
        return value;
      },
    });
  }

  private fail(): never {
    this.failsAt = null;
    throw Object.assign(new Error('lost'), { code: 'ECONNRESET' });
  }
}

const jobsAtOnce = 4;

describe('a claim whose connection is lost', () => {
  let wms: MatchingTest;
  let server: Matcher;
  const flaky = new Flaky();

  beforeAll(async () => {
    wms = await startMatching(atSite({ max_running: 1_000 }));
    const database = flaky.of(wms.database);
    server = aMatcher({ ...wms, jobs: new Jobs(database, wms.wakeUps) }, wms.config, wms.tokens);
  });
  afterAll(async () => {
    server.close();
    await wms.close();
  });

  const claim = (stamp: string, claimId: string = randomUUID()) =>
    server.claims.make({
      stamp,
      claimId,
      maxJobs: jobsAtOnce,
      offer: { ...anOffer, ...big },
      signal: new AbortController().signal,
    });

  async function expectNothingLeftBehind(): Promise<void> {
    const { queues } = server.claims.prospects;
    const { taken } = queues as unknown as { taken: Map<number, number> };
    expect([...taken.values()].filter((since) => since === Infinity)).toEqual([]);
    expect((queues.order as unknown as { planned: Map<string, number> }).planned.size).toBe(0);
    expect(await new JobCounts(wms.database).check()).toBe(0);
    await expectWholeSlots(wms);
  }

  it('at any statement leaves its jobs to the next one, at once and on this server', async () => {
    for (let at = 1; ; at += 1) {
      const ids = await wms.submit({}, { count: jobsAtOnce });
      await server.index.rebuild();
      Object.assign(flaky, { statements: 0, failsAt: at });
      const outcome = await claim(await wms.pilot()).catch((error: { code: string }) => error.code);
      const hasFailed = flaky.failsAt === null;
      const { jobs } = typeof outcome === 'string' ? await claim(await wms.pilot()) : outcome;
      expect(jobs.map(({ job_id }) => job_id)).toEqual(ids);
      expect(outcome === 'ECONNRESET').toBe(hasFailed);
      if (hasFailed) continue;
      expect(at).toBeGreaterThan(8);
      break;
    }
    flaky.failsAt = null;
    await expectNothingLeftBehind();
  }, 60_000);

  it('after its commit has given its jobs: they are the answer when it is repeated, and nobody else gets them', async () => {
    const ids = await wms.submit({}, { count: jobsAtOnce });
    await server.index.rebuild();
    const [stamp, claimId] = [await wms.pilot(), randomUUID()];
    flaky.failsAt = 'after-commit';
    await expect(claim(stamp, claimId)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await claim(await wms.pilot())).jobs).toEqual([]);
    expect((await claim(stamp, claimId)).jobs.map(({ job_id }) => job_id)).toEqual(ids);
    await expectNothingLeftBehind();
  });

  it('together with others answers them all, each with jobs of its own', async () => {
    for (const failsAt of [1, 3, 6, 9, 'after-commit'] as const) {
      const ids = await wms.submit({}, { count: 3 * jobsAtOnce });
      await server.index.rebuild();
      Object.assign(flaky, { statements: 0, failsAt });
      const stamps = await Promise.all([wms.pilot(), wms.pilot(), wms.pilot()]);
      const made = await Promise.all(stamps.map((stamp) => claim(stamp)));
      const given = made.flatMap(({ jobs }) => jobs.map(({ job_id }) => job_id));
      expect(given.toSorted((a, b) => a - b)).toEqual(ids);
      expect(made.map(({ jobs }) => jobs.length)).toEqual(stamps.map(() => jobsAtOnce));
    }
    await expectNothingLeftBehind();
  }, 60_000);
});
