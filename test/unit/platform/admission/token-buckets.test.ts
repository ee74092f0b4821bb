import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TokenBuckets } from '../../../../src/platform/index.js';

describe('token buckets', () => {
  it('let a burst through, then so many a second, and say how long to wait', () => {
    let now = 100;
    const buckets = new TokenBuckets(() => now);
    const rate = { perSecond: 2, burst: 3 };
    expect([1, 2, 3].map(() => buckets.take('a', rate))).toEqual([0, 0, 0]);
    expect(buckets.take('a', rate)).toBeCloseTo(0.5);
    now += 0.5;
    expect(buckets.take('a', rate)).toBe(0);
    expect(buckets.take('a', rate)).toBeCloseTo(0.5);
    now += 60;
    expect([1, 2, 3].map(() => buckets.take('a', rate))).toEqual([0, 0, 0]);
    expect(buckets.take('a', rate)).toBeGreaterThan(0);
  });

  it('never let one caller pay for another', () => {
    const buckets = new TokenBuckets(() => 0);
    const rate = { perSecond: 1, burst: 1 };
    expect(buckets.take('a', rate)).toBe(0);
    expect(buckets.take('a', rate)).toBeGreaterThan(0);
    expect(buckets.take('b', rate)).toBe(0);
  });

  it('let what is larger than the bucket through when it is full', () => {
    let now = 0;
    const buckets = new TokenBuckets(() => now);
    const rate = { perSecond: 10, burst: 20 };
    expect(buckets.take('a', rate, 1_000)).toBe(0);
    expect(buckets.take('a', rate, 1_000)).toBeCloseTo(2);
    now = 2;
    expect(buckets.take('a', rate, 1_000)).toBe(0);
  });

  it('know no limit when the rate is 0', () => {
    const buckets = new TokenBuckets(() => 0);
    for (let call = 0; call < 100; call += 1) expect(buckets.take('a', { perSecond: 0, burst: 1 })).toBe(0);
  });

  it('forget callers whose buckets are full again', () => {
    let now = 0;
    const buckets = new TokenBuckets(() => now);
    for (let caller = 0; caller < 25_000; caller += 1) {
      now += 0.01;
      buckets.take(String(caller), { perSecond: 1, burst: 5 });
    }
    expect(buckets.size).toBeLessThanOrEqual(10_001);
  });

  it('never give more than the burst and what has come since, whatever the times', () => {
    const calls = fc.array(fc.record({ pause: fc.double({ min: 0, max: 3, noNaN: true }), cost: fc.nat(5) }));
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 5, max: 20 }), (taken, perSecond, burst) => {
        let now = 0;
        let given = 0;
        const buckets = new TokenBuckets(() => now);
        for (const { pause, cost } of taken) {
          now += pause;
          if (buckets.take('a', { perSecond, burst }, cost) === 0) given += cost;
          expect(given).toBeLessThanOrEqual(burst + now * perSecond + 1e-6);
        }
      }),
    );
  });
});
