import { createHash, randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { StorageElement, UploadForm } from '../../src/storage/index.js';

/** Bytes that do not compress and do not repeat. */
export function someBytes(size: number): Buffer {
  return randomBytes(size);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Uploads by a form as a client does: all fields first, then the part `file`. The status of the reply. */
export async function postForm(form: UploadForm, bytes: Buffer): Promise<number> {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
  body.append('file', new Blob([bytes]), 'file');
  const reply = await fetch(form.url, { method: 'POST', body });
  await reply.arrayBuffer();
  return reply.status;
}

/** A form for exactly these bytes. */
export function formFor(
  se: StorageElement,
  request: { key: string; bytes: Buffer; expiresIn?: number },
): Promise<UploadForm> {
  const { key, bytes, expiresIn = 60 } = request;
  return se.uploadForm({ key, sha256: sha256(bytes), size: bytes.length, expiresIn });
}

/** Repeats `look` until it gives `true`; fails after `limit` milliseconds. */
export async function eventually(look: () => Promise<boolean>, limit = 8_000): Promise<void> {
  const end = Date.now() + limit;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`Not so after ${limit} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes that are really in use, after garbage collection. */
export function memoryInUse(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** All items of a listing. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
