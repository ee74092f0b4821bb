/** `closed`: pilots go there; `open`: none until `retryAt`; `half-open`: one, to see whether it is better. */
export type Circuit = 'closed' | 'open' | 'half-open';

/** What is remembered of one queue for one VO. Times in milliseconds since 1970, on the database's clock. */
export interface QueueState {
  circuit: Circuit;
  /** Failures in a row. */
  failures: number;
  /** What went wrong last; empty when nothing did. */
  reason: string;
  retryAt: number | null;
}

export const healthy: QueueState = { circuit: 'closed', failures: 0, reason: '', retryAt: null };

/**
 * What happened at a queue: the CE took pilots, a call failed, pilots were lost before they contacted the server, a
 * pilot contacted it, or just time went by.
 */
export type QueueEvent =
  | { kind: 'accepted' }
  | { kind: 'call-failed'; reason: string }
  | { kind: 'pilots-lost'; reason: string }
  | { kind: 'contacted' }
  | { kind: 'time' };

const failuresToOpen = 3;
const firstPauseSeconds = 60;
const longestPauseSeconds = 3_600;
/** Marks a circuit that opened for lost pilots: that a CE accepts a pilot proves nothing then. */
const lostPilots = 'Pilots lost: ';

/** The next state of a queue. `random` in [0, 1) spreads retries; `pace` scales the pauses. */
export function nextQueueState(
  state: QueueState,
  event: QueueEvent,
  { now, random, pace }: { now: number; random: number; pace: number },
): QueueState {
  const opened = (reason: string): QueueState => {
    const failures = state.failures + 1;
    const opens = Math.max(0, failures - failuresToOpen);
    const pause = Math.min(longestPauseSeconds, firstPauseSeconds * 2 ** Math.min(opens, 16)) * (0.8 + 0.4 * random);
    const retryAt = now + Math.min(longestPauseSeconds, pause) * pace * 1000;
    return { circuit: 'open', failures: Math.max(failures, failuresToOpen), reason, retryAt };
  };
  switch (event.kind) {
    case 'accepted':
      return state.circuit === 'open' || state.reason.startsWith(lostPilots) ? state : healthy;
    case 'contacted':
      return state.circuit === 'half-open' ? healthy : state;
    case 'call-failed':
      if (state.circuit === 'open') return state;
      if (state.circuit === 'half-open' || state.failures + 1 >= failuresToOpen) return opened(event.reason);
      return { ...state, failures: state.failures + 1, reason: event.reason };
    case 'pilots-lost':
      return state.circuit === 'open' ? state : opened(`${lostPilots}${event.reason}`);
    case 'time':
      return state.circuit === 'open' && (state.retryAt ?? 0) <= now
        ? { ...state, circuit: 'half-open', retryAt: null }
        : state;
  }
}
