import { describe, expect, it } from '@jest/globals';
import { type TurnLimits, Turns } from '../../../../src/platform/index.js';

const generous: TurnLimits = { atOnce: 2, waiting: 100, perCaller: 100, longestWaitSeconds: 60 };
const refuse = (why: string): Error => new Error(why);

/** Work that lasts until it is told to end; remembers who began in which order. */
function desk(limits: Partial<TurnLimits> = {}) {
  const turns = new Turns(() => ({ ...generous, ...limits }));
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const ask = (caller: string): Promise<void> =>
    turns.take(
      caller,
      () => {
        begun.push(caller);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      refuse,
    );
  /** Ends the work that began first, and lets the next one begin. */
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await new Promise(setImmediate);
  };
  return { turns, begun, ask, endOne };
}

describe('turns', () => {
  it('let a few work and the others wait, then the next in order', async () => {
    const { turns, begun, ask, endOne } = desk();
    const asked = ['a', 'b', 'c', 'd'].map(ask);
    expect(turns.load).toEqual({ working: 2, waiting: 2 });
    await endOne();
    expect(begun).toEqual(['a', 'b', 'c']);
    for (let left = 0; left < 3; left += 1) await endOne();
    await Promise.all(asked);
    expect(turns.load).toEqual({ working: 0, waiting: 0 });
  });

  it('go to the caller with the fewest at work, however many another one has waiting', async () => {
    const { begun, ask, endOne } = desk();
    const asked = ['greedy', 'greedy', 'greedy', 'greedy', 'modest'].map(ask);
    await endOne();
    expect(begun).toEqual(['greedy', 'greedy', 'modest']);
    for (let left = 0; left < 4; left += 1) await endOne();
    await Promise.all(asked);
  });

  it('are refused when too many wait, and when one caller has too many under way', async () => {
    const crowded = desk({ atOnce: 1, waiting: 1 });
    const asked = [crowded.ask('a'), crowded.ask('b')];
    await expect(crowded.ask('c')).rejects.toThrow('crowded');
    for (let left = 0; left < 2; left += 1) await crowded.endOne();
    await Promise.all(asked);
    const single = desk({ perCaller: 2 });
    const own = [single.ask('a'), single.ask('a')];
    await expect(single.ask('a')).rejects.toThrow('too-many-of-one');
    for (let left = 0; left < 2; left += 1) await single.endOne();
    await Promise.all(own);
    const again = single.ask('a');
    await single.endOne();
    await again;
  });

  it('are refused after the longest wait; whoever gave up takes no turn', async () => {
    const { turns, begun, ask, endOne } = desk({ atOnce: 1, longestWaitSeconds: 0.01 });
    const first = ask('a');
    await expect(ask('b')).rejects.toThrow('too-long');
    expect(turns.load).toEqual({ working: 1, waiting: 0 });
    await endOne();
    await first;
    expect(begun).toEqual(['a']);
  });

  it('come free when the work fails', async () => {
    const turns = new Turns(() => ({ ...generous, atOnce: 1 }));
    const failing = (): Promise<void> => Promise.reject(new Error('no'));
    await expect(turns.take('a', failing, refuse)).rejects.toThrow('no');
    expect(await turns.take('a', async () => 'yes', refuse)).toBe('yes');
  });
});
