import { describe, expect, it } from '@jest/globals';
import { minor } from '../../../src/contract/index.js';
import { Watchdog } from '../../../src/pilot/watchdog.js';

const calm = { wall: 100, cpu: 90, memory: 500, diskFree: 5000 };
const limits = { wall: 1000, cpu: 2000, memory: 1000, diskFree: 10, stalledWindow: 100 };

describe('the watchdog', () => {
  it.each([
    [{}, undefined],
    [{ wall: 1001 }, minor.wallClock],
    [{ cpu: 2001 }, minor.cpuLimit],
    [{ memory: 1001 }, minor.memory],
    [{ diskFree: 9 }, minor.diskSpace],
    [{ cpu: 4 }, minor.noProgress],
    [{ cpu: 6 }, undefined],
  ])('judges %j', (change, verdict) => {
    expect(new Watchdog(limits).judge({ ...calm, ...change })?.minor).toBe(verdict);
  });

  it('looks at the CPU of the last window only', () => {
    const watchdog = new Watchdog(limits);
    expect(watchdog.judge({ ...calm, wall: 100, cpu: 100 })).toBeUndefined();
    expect(watchdog.judge({ ...calm, wall: 199, cpu: 100 })).toBeUndefined();
    expect(watchdog.judge({ ...calm, wall: 200, cpu: 101 })?.detail).toBe('used 1.0 % CPU over 100 s');
  });

  it('enforces nothing that is not limited', () => {
    const watchdog = new Watchdog({ diskFree: 10 });
    expect(watchdog.judge({ wall: 1e9, cpu: 0, memory: 1e9, diskFree: 10 })).toBeUndefined();
  });
});
