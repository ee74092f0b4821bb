import { Readable } from 'node:stream';
import { StorageError } from './storage-error.js';

/** Turns whatever a driver meets into a {@link StorageError}; leaves StorageErrors alone. */
export type Classify = (error: unknown) => StorageError;

/** Runs a driver's call: an aborted one rejects with the signal's reason, any other error is classified. */
export async function classified<T>(classify: Classify, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw signal?.aborted === true ? signal.reason : classify(error);
  }
}

/** The same bytes, whose errors are classified; ends its source when it is destroyed. */
export function classifiedStream(source: Readable, classify: Classify, signal?: AbortSignal): Readable {
  const abort = () => source.destroy(signal?.reason as Error);
  signal?.addEventListener('abort', abort, { once: true });
  // An error before the first read is kept by the source and thrown by that read.
  source.on('error', () => undefined);
  const outcome = Readable.from(pass(), { objectMode: false, highWaterMark: 64 * 1024 });
  // A stream that is destroyed before its first read never enters `pass`.
  return outcome.once('close', () => source.destroy());

  async function* pass(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of source) yield chunk as Buffer;
    } catch (error) {
      throw signal?.aborted === true ? signal.reason : classify(error);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** All bytes of a stream; more than `limit` of them are refused as `too-large`. */
export async function collect(source: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += (chunk as Buffer).length;
    if (size > limit) throw tooLarge(size, limit);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** The refusal of an object that is larger than its reader accepts. */
export function tooLarge(size: number, limit: number): StorageError {
  return new StorageError('too-large', `The object has more than the ${limit} bytes that are accepted`, {
    size,
    limit,
  });
}
