import type { Readable } from 'node:stream';
import { Refusal, type RefusalCode } from '../contract/index.js';
import { rangeOf } from './byte-range.js';
import { attachment } from './content-disposition.js';
import { MalformedForm, MultipartReader } from './multipart.js';
import type { ObjectDoor, OpenObject } from './object-door.js';
import type { StorageElements } from './storage-elements.js';
import { StorageError, type StorageErrorKind } from './storage-error.js';

/** An answer of the object door. */
export interface ObjectReply {
  status: 200 | 206 | 416;
  headers: Record<string, string>;
  /** Absent with 416. */
  body?: Readable;
}

/**
 * Takes an upload by a signed form. Refuses with `malformed-body`, `url-expired`, `sandbox-mismatch` or `unavailable`,
 * always after the body was read, so that its sender gets to see the answer.
 */
export async function receiveObject(elements: StorageElements, body: Readable, contentType?: string): Promise<void> {
  await refusing(async () => {
    const reader = new MultipartReader(body, contentType);
    try {
      const { fields, file } = await reader.form();
      await doorOf(elements, fields.se).acceptUpload(fields, file);
    } finally {
      await reader.discard();
    }
  });
}

/** Serves a download by a signed URL. Refuses with `url-expired`, `object-not-found` or `unavailable`. */
export async function serveObject(
  elements: StorageElements,
  query: Readonly<Record<string, unknown>>,
  rangeHeader?: string,
): Promise<ObjectReply> {
  return refusing(async () => {
    const given = Object.fromEntries(
      Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
    const object = await doorOf(elements, given.se).openDownload(given);
    return replyWith(object, rangeHeader);
  });
}

async function replyWith(object: OpenObject, rangeHeader: string | undefined): Promise<ObjectReply> {
  const { size, filename } = object;
  const range = rangeOf(rangeHeader, size);
  if (range === 'unsatisfiable') {
    await object.close();
    return { status: 416, headers: { 'content-range': `bytes */${size}` } };
  }
  const { first, last } = range === 'whole' ? { first: 0, last: size - 1 } : range;
  const headers = {
    'content-type': 'application/octet-stream',
    'content-length': String(last - first + 1),
    'content-disposition': attachment(filename),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
  };
  const body = object.read(first, last);
  if (range === 'whole') return { status: 200, headers, body };
  return { status: 206, headers: { ...headers, 'content-range': `bytes ${first}-${last}/${size}` }, body };
}

function doorOf(elements: StorageElements, name = ''): ObjectDoor {
  const door = elements.find(name)?.door;
  // A name that no form of ours carries: the form is not genuine.
  if (door === undefined) throw new StorageError('authorisation', 'The signature is not genuine', { se: name });
  return door;
}

const codes: Partial<Record<StorageErrorKind, RefusalCode>> = {
  authorisation: 'url-expired',
  mismatch: 'sandbox-mismatch',
  'not-found': 'object-not-found',
  unreachable: 'unavailable',
  full: 'unavailable',
};

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MalformedForm) throw new Refusal('malformed-body', error.message, { cause: error });
    const code = error instanceof StorageError ? codes[error.kind] : undefined;
    if (code === undefined) throw error;
    const detail =
      code === 'unavailable' ? 'The storage element takes or gives no objects now' : (error as Error).message;
    throw new Refusal(code, detail, { cause: error, ...(code === 'unavailable' ? { retryAfter: 10 } : {}) });
  }
}
