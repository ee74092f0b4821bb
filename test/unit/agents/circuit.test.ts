import { describe, expect, it } from '@jest/globals';
import {
  healthy,
  nextQueueState,
  type QueueEvent,
  type QueueState,
} from '../../../src/agents/site-director/circuit.js';

const minute = 60_000;
const failed: QueueEvent = { kind: 'call-failed', reason: 'unreachable: no answer' };
const lost: QueueEvent = { kind: 'pilots-lost', reason: '3 of 3' };
const after = (state: QueueState, events: QueueEvent[], now = 0, random = 0.5): QueueState =>
  events.reduce((current, event) => nextQueueState(current, event, { now, random, pace: 1 }), state);

describe('The circuit of a queue', () => {
  it('opens after three failures in a row, keeps the reason and waits a minute', () => {
    expect(after(healthy, [failed, failed])).toMatchObject({ circuit: 'closed', failures: 2 });
    expect(after(healthy, [failed, failed, failed])).toEqual({
      circuit: 'open',
      failures: 3,
      reason: 'unreachable: no answer',
      retryAt: minute,
    });
  });

  it('forgets failures when the CE takes pilots again', () => {
    expect(after(healthy, [failed, failed, { kind: 'accepted' }])).toEqual(healthy);
  });

  it('opens at once when pilots are lost before they contact the server', () => {
    expect(after(healthy, [lost])).toMatchObject({ circuit: 'open', retryAt: minute });
  });

  it('is half open when its time has come, and not before', () => {
    const open = after(healthy, [lost]);
    expect(after(open, [{ kind: 'time' }], minute - 1).circuit).toBe('open');
    expect(after(open, [{ kind: 'time' }], minute).circuit).toBe('half-open');
  });

  it('waits twice as long after each failed probe, an hour at most, never exactly as long as its neighbours', () => {
    let state = after(healthy, [failed, failed, failed]);
    const pauses: number[] = [];
    for (let probe = 0; probe < 8; probe += 1) {
      const now = state.retryAt ?? 0;
      state = after(state, [{ kind: 'time' }, failed], now);
      pauses.push(((state.retryAt ?? 0) - now) / minute);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    const spread = [0, 0.99].map((random) => after(healthy, [failed, failed, failed], 0, random).retryAt ?? 0);
    expect(spread[0]).toBe(0.8 * minute);
    expect(spread[1]).toBeGreaterThan(1.15 * minute);
  });

  it('closes when the probe is accepted, if calls were the trouble', () => {
    const halfOpen = after(after(healthy, [failed, failed, failed]), [{ kind: 'time' }], 2 * minute);
    expect(after(halfOpen, [{ kind: 'accepted' }])).toEqual(healthy);
  });

  it('closes only when the probe contacts the server, if pilots were lost', () => {
    const halfOpen = after(after(healthy, [lost]), [{ kind: 'time' }], 2 * minute);
    expect(after(halfOpen, [{ kind: 'accepted' }]).circuit).toBe('half-open');
    expect(after(halfOpen, [{ kind: 'contacted' }])).toEqual(healthy);
    expect(after(halfOpen, [lost]).circuit).toBe('open');
  });

  it('does not mind pilots that were accepted or contacted the server while it is open', () => {
    const open = after(healthy, [lost]);
    expect(after(open, [{ kind: 'accepted' }, { kind: 'contacted' }, failed, lost])).toEqual(open);
  });
});
