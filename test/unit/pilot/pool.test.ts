import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Pool } from '../../../src/pilot/pool.js';

describe('the pool', () => {
  const one = { processors: 1, memory: 0, gpus: 0 };

  it('counts what jobs hold, refuses what does not fit, and takes it back', () => {
    const pool = new Pool({ processors: 4, memory: 1000, gpus: 2 });
    expect(pool.take('a', one)).toEqual({ gpus: [] });
    expect(pool.free.processors).toBe(3);
    expect(pool.take('b', { processors: 2, memory: 600, gpus: 1 })).toEqual({ gpus: [0] });
    expect(pool.take('c', { ...one, processors: 2 })).toBeUndefined();
    expect(pool.take('d', { ...one, memory: 500 })).toBeUndefined();
    expect(pool.take('e', { ...one, gpus: 1 })).toEqual({ gpus: [1] });
    expect(pool.running).toBe(3);
    for (const holder of ['a', 'b', 'e']) pool.release(holder);
    expect([pool.free, pool.idle]).toEqual([pool.total, true]);
  });

  it('never gives out more than there is, whatever comes and goes', () => {
    const size = fc.integer({ min: 0, max: 5 });
    const step = fc.record({
      holder: fc.constantFrom('a', 'b', 'c', 'd'),
      processors: size,
      memory: size,
      gpus: size,
      leave: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const pool = new Pool({ processors: 6, memory: 8, gpus: 4 });
        const held = new Map<string, number[]>();
        for (const { holder, leave, ...wanted } of steps) {
          pool.release(holder);
          held.delete(holder);
          const taken = leave ? undefined : pool.take(holder, wanted);
          if (taken !== undefined) held.set(holder, taken.gpus);
          expect(Math.min(...Object.values(pool.free))).toBeGreaterThanOrEqual(0);
          const gpus = [...held.values()].flat();
          expect(new Set(gpus).size).toBe(gpus.length);
        }
      }),
    );
  });
});
