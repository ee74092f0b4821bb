import { describe, expect, it } from '@jest/globals';
import { seconds } from '../../../src/pilot/clock.js';
import { Lease } from '../../../src/pilot/lease.js';

describe('a lease', () => {
  it('is counted from when it was asked for at the latest, however late its grant is read', () => {
    const now = seconds();
    expect(new Lease(600, now).left).toBeGreaterThan(599);
    expect(new Lease(600, now - 700).left).toBeLessThan(-99);
    expect(new Lease(600, now - 700).mustStop(10)).toBe(true);
  });

  it('never becomes shorter by a renewal, and is not lengthened by one that was asked for long ago', () => {
    const now = seconds();
    const lease = new Lease(600, now);
    lease.renew(600, now - 300);
    expect(lease.left).toBeGreaterThan(599);
    const late = new Lease(10, now - 20);
    late.renew(10, now - 15);
    expect(late.left).toBeLessThan(0);
  });

  it('ends for the guard after it ends for the pilot, and before it ends for the server', () => {
    for (const [length, grace] of [
      [600, 10],
      [600, 60],
      [60, 10],
      [9, 10],
      [3, 1],
    ] as const) {
      const now = seconds();
      // The moment at which the pilot must stop its payload.
      const left = Math.min(grace + 10, length / 3);
      const lease = new Lease(length, now - (length - left));
      expect(lease.mustStop(grace)).toBe(true);
      const killed = now + lease.graceSeconds(grace);
      expect(lease.graceSeconds(grace)).toBeLessThanOrEqual(grace);
      expect(killed).toBeLessThanOrEqual(lease.deadline);
      expect(lease.deadline).toBeLessThan(now + left);
      expect(lease.beatSeconds).toBe(length / 4);
    }
  });
});
