import { describe, expect, it } from '@jest/globals';
import { BatchLane } from '../../../src/platform/index.js';

describe('a lane of shared commits', () => {
  it('makes one batch of what arrives while the last one is written', async () => {
    const batches: number[][] = [];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const lane = new BatchLane<number, number>(
      async (items) => {
        batches.push(items);
        if (batches.length === 1) await gate;
        return items.map((item) => ({ ok: item * 2 }));
      },
      { largest: 100 },
    );
    const first = lane.add(1);
    await new Promise(setImmediate);
    const rest = [lane.add(2), lane.add(3), lane.add(4)];
    release();
    expect(await Promise.all([first, ...rest])).toEqual([2, 4, 6, 8]);
    expect(batches).toEqual([[1], [2, 3, 4]]);
  });

  it('never writes more than the largest batch', async () => {
    const sizes: number[] = [];
    const lane = new BatchLane<number, number>(
      async (items) => {
        sizes.push(items.length);
        return items.map((item) => ({ ok: item }));
      },
      { largest: 4 },
    );
    await Promise.all(Array.from({ length: 10 }, (_, index) => lane.add(index)));
    expect(sizes).toEqual([4, 4, 2]);
  });

  it('lets one bad item fail alone', async () => {
    const lane = new BatchLane<number, number>(
      async (items) => {
        if (items.includes(5)) throw new Error('five is bad');
        return items.map((item) => ({ ok: item }));
      },
      { largest: 100 },
    );
    const outcomes = await Promise.allSettled(Array.from({ length: 9 }, (_, index) => lane.add(index)));
    expect(outcomes.flatMap((outcome, index) => (outcome.status === 'rejected' ? [index] : []))).toEqual([5]);
  });

  it('hands an error that belongs to one item to that item only', async () => {
    const lane = new BatchLane<number, string>(
      async (items) => items.map((item) => (item === 2 ? { error: new Error('not two') } : { ok: `ok ${item}` })),
      { largest: 100 },
    );
    const [one, two] = await Promise.allSettled([lane.add(1), lane.add(2)]);
    expect(one).toEqual({ status: 'fulfilled', value: 'ok 1' });
    expect(two).toMatchObject({ status: 'rejected', reason: { message: 'not two' } });
  });

  it('writes with several lanes at once when it may', async () => {
    let running = 0;
    let most = 0;
    const lane = new BatchLane<number, number>(
      async (items) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise(setImmediate);
        running -= 1;
        return items.map((item) => ({ ok: item }));
      },
      { largest: 1, lanes: 2 },
    );
    await Promise.all(Array.from({ length: 6 }, (_, index) => lane.add(index)));
    expect(most).toBe(2);
  });
});
