import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Log, SharedBuckets } from '../../../src/platform/index.js';
import { testRedis } from '../../support/redis.js';

const rate = { perSecond: 0.001, burst: 3 };

describe('buckets that servers share', () => {
  let store: ReturnType<typeof testRedis>;
  beforeAll(() => {
    store = testRedis();
  });
  afterAll(() => store.close());

  const server = (redis: Redis, away: () => void = () => undefined): SharedBuckets =>
    new SharedBuckets(redis, store.prefix, new Log('test', 'error'), away);

  it('hold one burst for all of them, and tell how long to wait', async () => {
    await store.redis.ping();
    const [one, other] = [server(store.redis), server(store.redis)];
    const waits = await Promise.all([one, other, one, other, one].map((buckets) => buckets.take('shared', rate)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(3);
    for (const wait of waits.filter((wait) => wait > 0)) expect(wait).toBeLessThanOrEqual(1_000);
    expect(await other.take('another', rate)).toBe(0);
  });

  it('leave a key no longer than it matters', async () => {
    await store.redis.ping();
    await server(store.redis).take('short', { perSecond: 1_000, burst: 1 });
    const left = await store.redis.pttl(`${store.prefix}:rate:short`);
    expect(left).toBeLessThanOrEqual(2);
  });

  it('are counted by each server for itself while Redis is away, which is told', async () => {
    const nowhere = new Redis('redis://127.0.0.1:1', { lazyConnect: true, maxRetriesPerRequest: null });
    let told = 0;
    const alone = server(nowhere, () => (told += 1));
    for (let call = 0; call < 3; call += 1) expect(await alone.take('alone', rate)).toBe(0);
    expect(await alone.take('alone', rate)).toBeGreaterThan(0);
    expect(told).toBe(4);
    nowhere.disconnect();
  });
});
