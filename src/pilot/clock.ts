import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Seconds since some fixed moment, never set back and counting on while the machine sleeps. Leases are measured with
 * it: a machine that was suspended must know that its leases have run out.
 */
export function seconds(): number {
  try {
    return Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  } catch {
    // Not Linux: there is nothing better than the monotonic clock.
    return performance.now() / 1000;
  }
}

/** Waits; ends early, without an error, when the signal fires. */
export async function pause(forSeconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(forSeconds * 1000, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  }
}
