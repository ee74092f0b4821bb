import { persist, type TryAgain } from '../client/index.js';
import { CallRefused } from '../contract/index.js';

/**
 * Seconds of waiting for a storage element that operators have closed: what a payload has computed is worth more than the
 * time of a slot. Everybody who is to wait less long sets off the signal.
 */
const patienceSeconds = 4 * 3_600;

/** Whether the server refused because operators have closed the storage element. */
export function isClosed(error: unknown): error is CallRefused {
  return error instanceof CallRefused && error.code === 'storage-closed';
}

/** Makes a call again as long as the storage element behind it is closed. */
export function whileClosed<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const patience = { deadlineSeconds: patienceSeconds, longestPauseSeconds: 60, signal };
  return persist(action, patience, (error) => (isClosed(error) ? tryAgain(error) : undefined));
}

function tryAgain({ message, retryAfter }: CallRefused): TryAgain {
  return { reason: message, ...(retryAfter === undefined ? {} : { afterSeconds: retryAfter }) };
}
