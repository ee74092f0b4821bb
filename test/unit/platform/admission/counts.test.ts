import { describe, expect, it } from '@jest/globals';
import { Openings, RecentCounts } from '../../../../src/platform/index.js';

describe('openings', () => {
  it('count each opening once, in all and by caller, however often it is closed', () => {
    const openings = new Openings();
    const closeFirst = openings.open('a');
    openings.open('a');
    openings.open('b');
    expect([openings.count, openings.of('a'), openings.of('b'), openings.of('c')]).toEqual([3, 2, 1, 0]);
    closeFirst();
    closeFirst();
    expect([openings.count, openings.of('a'), openings.of('b')]).toEqual([2, 1, 1]);
  });
});

describe('recent counts', () => {
  it('are made once for all who ask at the same time, and go on in memory', async () => {
    const counts = new RecentCounts(60);
    let counted = 0;
    const count = async (): Promise<number> => {
      counted += 1;
      return 5;
    };
    const add = (more: number) => counts.add('a', { more, limit: 10 }, count);
    const answers = await Promise.all([add(2), add(2), add(2)]);
    expect(answers.filter(({ fits }) => fits)).toHaveLength(2);
    expect(await add(1)).toEqual({ fits: true, count: 9 });
    expect(await add(1)).toEqual({ fits: false, count: 10 });
    expect(counted).toBe(1);
  });

  it('are made again when they are old', async () => {
    const counts = new RecentCounts(0);
    const limits = { more: 4, limit: 10 };
    const count = (): Promise<number> => Promise.resolve(5);
    expect(await counts.add('a', limits, count)).toEqual({ fits: true, count: 5 });
    expect(await counts.add('a', limits, count)).toEqual({ fits: true, count: 5 });
  });

  it('are made again after one that failed', async () => {
    const counts = new RecentCounts(60);
    const limits = { more: 1, limit: 10 };
    await expect(counts.add('a', limits, () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(await counts.add('a', limits, () => Promise.resolve(3))).toEqual({ fits: true, count: 3 });
  });
});
