import { Refusal } from '../contract/index.js';
import { StorageError, type StorageErrorKind } from './storage-error.js';

/** Kinds that may pass without the caller's doing: the element is away, full, or wrongly set up. */
const passing: readonly StorageErrorKind[] = ['unreachable', 'full', 'authorisation', 'protocol'];

/**
 * What a caller is told when a storage element that the server uses fails: `unavailable`, come again. Null for all other
 * errors, also for those of storage elements that say something of the caller's own object.
 */
export function storageRefusal(error: unknown): Refusal | null {
  if (!(error instanceof StorageError) || !passing.includes(error.kind)) return null;
  const sentence = 'The storage element takes or gives no objects now; try again';
  return new Refusal('unavailable', sentence, { retryAfter: 10, cause: error });
}
