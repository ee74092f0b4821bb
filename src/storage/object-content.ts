import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StorageError } from './storage-error.js';
import type { ObjectBytes } from './storage-element.js';

/** The bytes of an object that is about to be stored, opened. */
export interface ObjectContent {
  size: number;
  chunks: Readable;
  close(): Promise<void>;
}

/**
 * Opens what shall be stored. Throws StorageError `mismatch` when a file has not the announced size; a file that is
 * missing is the caller's error and thrown as it is.
 */
export async function contentOf(bytes: ObjectBytes): Promise<ObjectContent> {
  if (Buffer.isBuffer(bytes)) {
    return { size: bytes.length, chunks: Readable.from([bytes], { objectMode: false }), close: async () => undefined };
  }
  const handle = await open(bytes.path, 'r');
  const { size } = await handle.stat();
  if (size !== bytes.size) {
    await handle.close();
    throw new StorageError('mismatch', `The file has ${size} bytes and not ${bytes.size}`, { size });
  }
  // The end is fixed, so that a file that grows meanwhile does not make the object grow.
  const end = Math.max(size - 1, 0);
  const chunks =
    size === 0 ? Readable.from([], { objectMode: false }) : handle.createReadStream({ end, autoClose: false });
  return { size, chunks, close: () => handle.close() };
}
