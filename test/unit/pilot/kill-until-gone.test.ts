import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { seconds } from '../../../src/pilot/clock.js';
import { killUntilGone } from '../../../src/pilot/kill-until-gone.js';

/** A process number that no process can have. */
const nobody = 2 ** 30;

describe('killing until all is gone', () => {
  it('ends with the last process, also one that comes up meanwhile', async () => {
    const living = new Set<number>();
    const begin = (): void => {
      living.add(spawn('sleep', ['600']).pid ?? 0);
    };
    begin();
    let rounds = 0;
    const find = (): number[] => {
      rounds += 1;
      if (rounds === 2) begin();
      return [...living].filter(isAlive);
    };
    expect(await killUntilGone(find, 5)).toEqual([]);
    expect(living.size).toBe(2);
    expect([...living].filter(isAlive)).toEqual([]);
  });

  it('gives up after the given time, and says what is left', async () => {
    const began = seconds();
    let rounds = 0;
    const find = (): number[] => {
      rounds += 1;
      return [nobody];
    };
    expect(await killUntilGone(find, 1)).toEqual([nobody]);
    expect(seconds() - began).toBeGreaterThanOrEqual(0.9);
    expect(seconds() - began).toBeLessThan(3);
    expect(rounds).toBeLessThan(10);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
