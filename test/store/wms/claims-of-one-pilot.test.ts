import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anOffer, type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe, rroe } from '../../support/stages.js';

describe('a pilot that cannot keep payloads apart', () => {
  let wms: MatchingTest;

  beforeAll(async () => {
    wms = await startMatching({
      matching: { patience: 0.001 },
      sites: { 'Demo.Local': { ces: { local: { queues: { all: { processors: 8, memory: 16_000 } } } } } },
    });
  });
  afterAll(() => wms.close());

  /** A job of 8 cores that waits before one of 1 core, both of one owner, for longer than anybody's patience. */
  async function largeBeforeSmall(server: ReturnType<MatchingTest['server']>) {
    const [large] = await wms.submit({ min_processors: 8, priority: 5 }, { owner: jdoe });
    const [small] = await wms.submit({ priority: 1 }, { owner: jdoe });
    await server.index.rebuild();
    await pause(10);
    return { large, small };
  }

  it('serves one owner only, also when its first claims are made together', async () => {
    await wms.submit({}, { owner: jdoe });
    await wms.submit({}, { owner: rroe });
    const server = wms.server();
    await server.index.rebuild();
    const stamp = await wms.pilot({ isolation: 'none' });
    const claim = () => ({ stamp, claimId: randomUUID(), maxJobs: 1, signal: new AbortController().signal });
    const offer = { ...anOffer, processors: 8 };
    const made = await Promise.all([1, 2, 3].map(() => server.claims.make({ ...claim(), offer })));
    const owners = made.flatMap(({ jobs }) => jobs.map(({ owner }) => owner));
    expect(owners).toHaveLength(1);
    expect(await server.claim(stamp, { offer, maxJobs: 8 })).toEqual([]);
    expect(await server.claim(await wms.pilot(), { offer, maxJobs: 8 })).toHaveLength(1);
  });

  it('gets nothing of another owner for whose job it was kept free before another server bound it', async () => {
    const server = wms.server();
    const { large, small } = await largeBeforeSmall(server);
    const stamp = await wms.pilot({ isolation: 'none' });
    expect(await server.claim(stamp, { offer: { processors: 4, idle: false } })).toEqual([]);
    expect(server.claims.prospects.kept.queueOf(stamp)).toBeDefined();
    await wms.database.execute('UPDATE pilots SET bound_owner = ? WHERE stamp = ?', [rroe.subject, stamp]);
    expect(await server.claim(stamp, { maxJobs: 8, offer: { processors: 8, idle: false } })).toEqual([]);
    const got = [
      ...(await server.claim(await wms.pilot(), { offer: { processors: 8 } })),
      ...(await server.claim(await wms.pilot(), { offer: { processors: 8 } })),
    ];
    expect(got.map(({ job_id }) => job_id)).toEqual([large, small]);
  });

  it('is not kept free for a job that never fits it: idle, it has all that it will ever have', async () => {
    const server = wms.server();
    const { large, small } = await largeBeforeSmall(server);
    const got = await server.claim(await wms.pilot({ isolation: 'none' }), { offer: { processors: 4 } });
    expect(got.map(({ job_id }) => job_id)).toEqual([small]);
    const whole = await server.claim(await wms.pilot(), { offer: { processors: 8 } });
    expect(whole.map(({ job_id }) => job_id)).toEqual([large]);
  });
});
