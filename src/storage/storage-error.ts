/**
 * Why a storage element could not do what was asked:
 * `not-found` no such object · `authorisation` the store, or a signature, says no · `unreachable` no answer, try later ·
 * `full` no space or quota left · `too-large` more bytes than the caller accepts · `mismatch` not the announced bytes ·
 * `invalid-key` not a key · `protocol` anything else: a wrong setting or a foreign answer.
 */
export const storageErrorKinds = [
  'not-found',
  'authorisation',
  'unreachable',
  'full',
  'too-large',
  'mismatch',
  'invalid-key',
  'protocol',
] as const;
export type StorageErrorKind = (typeof storageErrorKinds)[number];

/** The only error of a storage element besides the reason of an abort signal; the caller decides on retries by `kind`. */
export class StorageError extends Error {
  constructor(
    readonly kind: StorageErrorKind,
    message: string,
    /** What the driver met, or the value that was refused. */
    cause: unknown,
  ) {
    super(message, { cause });
    this.name = 'StorageError';
  }
}
