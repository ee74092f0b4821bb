import { describe, expect, it } from '@jest/globals';
import { SharedReading } from '../../../../src/wms/explain/shared-reading.js';

describe('a shared reading', () => {
  /** Readings are numbered; each ends when its turn comes. */
  function world() {
    const ends: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
    const clock = { now: 0 };
    const shared = new SharedReading<string>(
      10,
      () => new Promise((resolve, reject) => void ends.push({ resolve, reject })),
      () => clock.now,
    );
    return { ends, clock, shared };
  }

  it('is made once, renewed behind those who ask, and waited for when it is much too old', async () => {
    const { ends, clock, shared } = world();
    const both = [shared.of('a'), shared.of('a')];
    expect(ends).toHaveLength(1);
    ends[0]?.resolve('first');
    expect(await Promise.all(both)).toEqual(['first', 'first']);
    clock.now = 11;
    expect(await shared.of('a')).toBe('first');
    expect(await shared.of('a')).toBe('first');
    expect(ends).toHaveLength(2);
    ends[1]?.resolve('second');
    await new Promise(setImmediate);
    expect(await shared.of('a')).toBe('second');
    clock.now = 100;
    const late = shared.of('a');
    ends[2]?.resolve('third');
    expect(await late).toBe('third');
    void shared.of('b');
    expect(ends).toHaveLength(4);
  });

  it('is forgotten when it fails, and kept when only its successor does', async () => {
    const { ends, clock, shared } = world();
    const failed = shared.of('a');
    ends[0]?.reject(new Error('down'));
    await expect(failed).rejects.toThrow('down');
    const again = shared.of('a');
    ends[1]?.resolve('good');
    expect(await again).toBe('good');
    clock.now = 11;
    expect(await shared.of('a')).toBe('good');
    ends[2]?.reject(new Error('down'));
    await new Promise(setImmediate);
    expect(await shared.of('a')).toBe('good');
    expect(ends).toHaveLength(4);
  });
});
