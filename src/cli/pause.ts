import { setTimeout as delay } from 'node:timers/promises';
import type { Io } from './io.js';

/** Waits some seconds; Ctrl-C ends the wait with the reason of the signal. */
export async function pause(io: Io, seconds: number): Promise<void> {
  try {
    await delay(seconds * 1000, undefined, { signal: io.signal });
  } catch (error) {
    io.signal.throwIfAborted();
    throw error;
  }
}
