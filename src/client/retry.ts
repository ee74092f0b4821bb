import { setTimeout as delay } from 'node:timers/promises';
import type { Transport, WireReply } from '../contract/index.js';
import { Unreachable } from './unreachable.js';

/** When and how long to try again. */
export interface Patience {
  /** No new try starts after so many seconds. */
  deadlineSeconds: number;
  /** First pause, seconds; doubles with every try. Default 0.5. */
  firstPauseSeconds?: number;
  /** Longest pause, seconds, unless the server asks for a longer one. Default 20. */
  longestPauseSeconds?: number;
  signal?: AbortSignal;
  /** Called before every pause. */
  onRetry?: (reason: string, pauseSeconds: number) => void;
}

/** What a failed try says: that another makes sense, and when at the earliest (seconds). */
export interface TryAgain {
  reason: string;
  afterSeconds?: number;
}

/**
 * Tries until it succeeds, the failure is one that no retry cures, or patience ends; then throws the last error.
 * Pauses grow exponentially and are jittered (between a half and the whole), so many clients do not come back as one.
 */
export async function persist<T>(
  action: () => Promise<T>,
  patience: Patience,
  judge: (error: unknown) => TryAgain | undefined = unreachableOnly,
): Promise<T> {
  // Clocks of nodes are set while they run; patience must not end by that.
  const deadline = performance.now() + patience.deadlineSeconds * 1000;
  for (let tries = 0; ; tries += 1) {
    try {
      return await action();
    } catch (error) {
      const again = judge(error);
      if (again === undefined) throw error;
      const pause = pauseSeconds(tries, patience, again.afterSeconds);
      if (performance.now() + pause * 1000 > deadline) throw error;
      patience.onRetry?.(again.reason, pause);
      await delay(pause * 1000, undefined, { signal: patience.signal });
    }
  }
}

/** The longest pause that a server may ask for, seconds. */
const longestAsked = 120;

/**
 * The pause before try number `tries + 2`, seconds; never shorter than what the server asked for, up to two minutes. Many
 * may have been asked for the same, so a little comes on top.
 */
export function pauseSeconds(tries: number, patience: Patience, asked = 0, random = Math.random): number {
  const longest = patience.longestPauseSeconds ?? 20;
  const full = Math.min(longest, (patience.firstPauseSeconds ?? 0.5) * 2 ** Math.min(tries, 30));
  return Math.max(Math.min(asked, longestAsked) * (1 + random() / 4), full * (0.5 + random() / 2));
}

/** Judges that only a missing answer is worth another try. */
export function unreachableOnly(error: unknown): TryAgain | undefined {
  return error instanceof Unreachable ? { reason: error.message } : undefined;
}

const passing = new Set([429, 502, 503, 504]);

class Refused extends Error {
  constructor(readonly reply: WireReply) {
    super(reply.status === 429 ? 'the server wants fewer calls (HTTP 429)' : `HTTP ${reply.status}`);
  }
}

/**
 * A transport that tries again when no answer came, or 429, 502, 503 or 504 did, honouring Retry-After in seconds.
 * When patience ends it throws `Unreachable` or gives the last reply. Only for calls that may be repeated.
 */
export function withRetry(transport: Transport, patience: Patience): Transport {
  return retrying(transport, patience, { statuses: passing, judge: unreachableOnly });
}

/** A transport that tries again after 429 only: nothing was done then, so this is for every call. */
export function withManners(transport: Transport, patience: Patience): Transport {
  return retrying(transport, patience, { statuses: new Set([429]), judge: () => undefined });
}

function retrying(
  transport: Transport,
  patience: Patience,
  { statuses, judge }: { statuses: ReadonlySet<number>; judge: (error: unknown) => TryAgain | undefined },
): Transport {
  return async (request) => {
    const signal = request.signal ?? patience.signal;
    try {
      return await persist(
        async () => {
          const reply = await transport(request);
          if (statuses.has(reply.status)) throw new Refused(reply);
          return reply;
        },
        { ...patience, ...(signal === undefined ? {} : { signal }) },
        (error) =>
          error instanceof Refused ? { reason: error.message, afterSeconds: retryAfter(error.reply) } : judge(error),
      );
    } catch (error) {
      if (error instanceof Refused) return error.reply;
      throw error;
    }
  };
}

function retryAfter(reply: WireReply): number {
  const seconds = Number(reply.headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}
