import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { JobCounts } from '../../../src/wms/counters/index.js';
import { anOffer, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { atSite, expectWholeSlots } from '../../support/running-limits.js';
import { rroe } from '../../support/stages.js';

const claimers = 90;
const limit = 700;
const jobsOfEach = 400;

let wms: MatchingTest;
let server: Matcher;

beforeAll(async () => {
  wms = await startMatching(atSite({ max_running: limit }));
  server = wms.server();
});
afterAll(() => wms.close());

const claim = (stamp: string) =>
  server.claims.make({
    stamp,
    claimId: randomUUID(),
    maxJobs: 2,
    offer: { ...anOffer, processors: 64, memory: 256_000 },
    signal: new AbortController().signal,
  });

it('so many claims at once that two batches are written side by side: each job once, never beyond the limit, nothing left under way', async () => {
  const ids = [
    ...(await wms.submit({}, { count: jobsOfEach })),
    ...(await wms.submit({ cpu_work: 3_600, priority: 5 }, { count: jobsOfEach })),
    ...(await wms.submit({ min_ram: 100 }, { count: jobsOfEach, owner: rroe })),
  ];
  await server.index.rebuild();
  // The first batch is held until a second one has begun.
  let running = 0;
  let second: () => void = () => undefined;
  const sideBySide = new Promise<void>((resolve) => (second = resolve));
  const change = wms.jobs.change.bind(wms.jobs);
  wms.jobs.change = async (body) => {
    running += 1;
    if (running === 2) second();
    await sideBySide;
    return change(body).finally(() => (running -= 1));
  };
  const given: number[] = [];
  const stamps = await Promise.all(Array.from({ length: claimers }, () => wms.pilot()));
  const claimAll = async (stamp: string): Promise<void> => {
    for (let empty = 0; empty < 2;) {
      const made = (await claim(stamp)).jobs;
      given.push(...made.map(({ job_id }) => job_id));
      empty = made.length === 0 ? empty + 1 : 0;
    }
  };
  const early = stamps.slice(0, 30).map(claimAll);
  while (running === 0) await nextTurn();
  await Promise.all([...early, ...stamps.slice(30).map(claimAll)]);

  expect(given).toHaveLength(limit);
  expect(new Set(given).size).toBe(limit);
  expect(given.filter((id) => !ids.includes(id))).toEqual([]);
  const [row] = await wms.database.query<{ leases: number; attempts: number }>(
    'SELECT (SELECT COUNT(*) FROM leases) AS leases, (SELECT COUNT(*) FROM attempts WHERE attempt = 1) AS attempts',
  );
  expect(row).toEqual({ leases: limit, attempts: limit });
  const { queues } = server.claims.prospects;
  const { taken } = queues as unknown as { taken: Map<number, number> };
  expect([...taken.values()].filter((since) => since === Infinity)).toEqual([]);
  expect((queues.order as unknown as { planned: Map<string, number> }).planned.size).toBe(0);
  expect(await new JobCounts(wms.database).check()).toBe(0);
  await expectWholeSlots(wms);
}, 120_000);
