import { describe, expect, it } from '@jest/globals';
import { FullLimits } from '../../../../src/wms/limits/full-limits.js';

describe('what is known of full limits', () => {
  it('does not grow with the number of keys that were ever full, and remembers for as long as batches take', () => {
    let now = 1_000_000;
    const reopened: (readonly number[])[] = [];
    const full = new FullLimits((queues) => reopened.push(queues), { now: () => now });
    for (let key = 0; key < 100_000; key += 1) {
      now += 1_000;
      full.free(`${key} site ce`);
    }
    expect((full as unknown as { freed: Map<string, number> }).freed.size).toBeLessThanOrEqual(10_000);
    const since = now - 60_000;
    full.fill('99999 site ce', { since, seconds: 5, queues: [7] });
    expect(full.isFull('99999 site ce')).toBe(false);
    expect(reopened).toEqual([[7]]);
    full.fill('1 site ce', { since, seconds: 5, queues: [] });
    expect(full.isFull('1 site ce')).toBe(true);
    full.clear();
  });
});
