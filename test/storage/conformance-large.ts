import { expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageElement } from '../../src/storage/index.js';
import { memoryInUse, sha256, someBytes } from './support.js';

const mebibyte = 1024 * 1024;

/** Objects of 8 MiB pass in pieces. */
export function largeObjects(element: () => StorageElement): void {
  const withFile = async (size: number, work: (path: string, digest: string) => Promise<void>) => {
    const folder = await mkdtemp(join(tmpdir(), 'pilotage-object-'));
    const path = join(folder, 'large');
    try {
      await writeFile(path, someBytes(size));
      await work(path, await digestOf(path));
    } finally {
      await rm(folder, { recursive: true });
    }
  };

  it('stores a file and streams it back without holding it in memory', async () => {
    const size = 8 * mebibyte;
    await withFile(size, async (path, digest) => {
      await element().put('large/flat', { path, size });
      const stream = await element().stream('large/flat');
      const before = memoryInUse();
      const hash = createHash('sha256');
      let read = 0;
      let peak = 0;
      for await (const chunk of stream) {
        const bytes = chunk as Buffer;
        if (Math.floor(read / mebibyte) < Math.floor((read + bytes.length) / mebibyte)) {
          peak = Math.max(peak, memoryInUse() - before);
        }
        hash.update(bytes);
        read += bytes.length;
      }
      expect({ read, digest: hash.digest('hex') }).toEqual({ read: size, digest });
      expect(peak).toBeLessThan(4 * mebibyte);
    });
    // Memory is measured after full collections, which take their time beside other tests.
  }, 120_000);

  it('stores an empty file', async () => {
    await withFile(0, async (path) => {
      await element().put('large/empty', { path, size: 0 });
      expect(await element().head('large/empty')).toEqual({ size: 0 });
    });
  });

  it('refuses a file that has not the announced size', async () => {
    await withFile(10, async (path) => {
      const put = element().put('large/other', { path, size: 11 });
      await expect(put).rejects.toMatchObject({ kind: 'mismatch' });
      expect(await element().head('large/other')).toBeNull();
    });
  });

  it('stops in the middle of an object when it is told to, and can be used again', async () => {
    const bytes = someBytes(8 * mebibyte);
    await element().put('large/stopped', bytes);
    const stop = new AbortController();
    const stream = await element().stream('large/stopped', { signal: stop.signal });
    await once(stream, 'readable');
    stop.abort(new Error('enough'));
    await expect(stream.toArray()).rejects.toThrow('enough');
    expect(sha256(await element().get('large/stopped'))).toBe(sha256(bytes));
  });

  it('lets go of a stream that nobody reads', async () => {
    const stream = await element().stream('large/stopped');
    stream.destroy();
    await once(stream, 'close');
    expect(await element().head('large/stopped')).toEqual({ size: 8 * mebibyte });
  });
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
