import { StorageError } from './storage-error.js';

const alphabet = /^[A-Za-z0-9._:=/-]*$/;
const longestKey = 512;
const longestSegment = 200;

/**
 * Checks a key: a relative path of at most 512 characters out of `A-Za-z0-9._:=/-`, whose segments have 1 to 200
 * characters, without `..`. Throws StorageError `invalid-key`. The rule is what both S3 and a file system can keep.
 */
export function checkKey(key: string): void {
  const segments = key.split('/');
  const wrong = segments.some((segment) => segment === '' || segment === '.' || segment.length > longestSegment);
  if (wrong || !isPlain(key)) throw invalid('key', key);
}

/** Checks the beginning of a key, which may also be empty or end inside or behind a segment. */
export function checkPrefix(prefix: string): void {
  if (prefix.startsWith('/') || prefix.includes('//') || !isPlain(prefix)) throw invalid('prefix', prefix);
}

function isPlain(text: string): boolean {
  return text.length <= longestKey && alphabet.test(text) && !text.includes('..');
}

function invalid(what: string, value: string): StorageError {
  return new StorageError('invalid-key', `Not a valid object ${what}: ${JSON.stringify(value.slice(0, 80))}`, value);
}
