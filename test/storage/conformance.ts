import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { StorageElement } from '../../src/storage/index.js';
import { largeObjects } from './conformance-large.js';
import { signedAccess } from './conformance-signed.js';
import { all, someBytes } from './support.js';

/** Weaknesses of a store that no driver can mend. Each test file that names one says why. */
export interface Weaknesses {
  /** False: any signature, and none, opens every object. */
  checksSignatures?: boolean;
  /** False: a form is taken with any size, key or age. */
  checksForms?: boolean;
  /** False: a form is taken with other bytes of the same size. */
  checksContent?: boolean;
  /** False: a listing works only as long as nothing is left out of it. */
  listsPages?: boolean;
  /** False: `a/1` is listed before `a-1`. */
  listsInOrder?: boolean;
  /** False: a reader can see half an object while it is overwritten. */
  atomicOverwrite?: boolean;
}

/** A storage element under test; its store is empty and stays until `close`. */
export interface Opened {
  se: StorageElement;
  close(): Promise<void>;
}

/** What every storage element promises. */
export function conforms(name: string, open: () => Promise<Opened>, weaknesses: Weaknesses = {}): void {
  describe(`storage element: ${name}`, () => {
    let opened: Opened;
    const element = () => opened.se;
    beforeAll(async () => {
      opened = await open();
    }, 60_000);
    afterAll(() => opened.close());

    objects(element);
    listing(element, weaknesses);
    refusals(element);
    overwriting(element, weaknesses);
    largeObjects(element);
    signedAccess(element, weaknesses);
  });
}

function objects(element: () => StorageElement): void {
  it('keeps the bytes of an object', async () => {
    const bytes = someBytes(10_000);
    await element().put('objects/a', bytes, { contentType: 'text/plain' });
    expect((await element().get('objects/a')).equals(bytes)).toBe(true);
    expect(await element().head('objects/a')).toEqual({ size: 10_000 });
  });

  it('keeps an empty object', async () => {
    await element().put('objects/empty', Buffer.alloc(0));
    expect((await element().get('objects/empty')).length).toBe(0);
    expect(await element().head('objects/empty')).toEqual({ size: 0 });
  });

  it('keeps objects whose keys use the whole alphabet', async () => {
    const key = 'vo_1/Group-2/user.name/sha256:0a=1.tar.gz';
    await element().put(key, Buffer.from('x'));
    expect((await element().get(key)).toString()).toBe('x');
  });

  it('keeps an object beside others that lie below its key', async () => {
    await element().put('nested/a', Buffer.from('outer'));
    await element().put('nested/a/b', Buffer.from('inner'));
    expect((await element().get('nested/a')).toString()).toBe('outer');
    expect((await element().get('nested/a/b')).toString()).toBe('inner');
  });

  it('reads from an offset', async () => {
    await element().put('objects/offset', Buffer.from('0123456789'));
    expect((await element().get('objects/offset', { from: 4 })).toString()).toBe('456789');
    const stream = await element().stream('objects/offset', { from: 9 });
    expect(Buffer.concat((await stream.toArray()) as Buffer[]).toString()).toBe('9');
  });

  it('reads nothing at and behind the end', async () => {
    await element().put('objects/short', Buffer.from('0123456789'));
    expect((await element().get('objects/short', { from: 10 })).length).toBe(0);
    expect((await element().get('objects/short', { from: 99 })).length).toBe(0);
  });

  it('refuses to read more than the caller accepts', async () => {
    await element().put('objects/limited', Buffer.from('0123456789'));
    await expect(element().get('objects/limited', { limit: 9 })).rejects.toMatchObject({ kind: 'too-large' });
    expect((await element().get('objects/limited', { limit: 10 })).length).toBe(10);
    expect((await element().get('objects/limited', { limit: 3, from: 7 })).toString()).toBe('789');
  });

  it('says that an unknown object is not there', async () => {
    await expect(element().get('objects/unknown')).rejects.toMatchObject({ kind: 'not-found' });
    await expect(element().stream('objects/unknown')).rejects.toMatchObject({ kind: 'not-found' });
    expect(await element().head('objects/unknown')).toBeNull();
  });

  it('removes objects in bulk, unknown and already removed ones too', async () => {
    await element().put('removed/a', Buffer.from('a'));
    await element().put('removed/b', Buffer.from('b'));
    await element().remove(['removed/a', 'removed/b', 'removed/never']);
    await element().remove(['removed/a', 'removed/b']);
    await element().remove([]);
    expect(await element().head('removed/a')).toBeNull();
    expect(await all(element().list('removed/', 10))).toEqual([]);
  });
}

function listing(element: () => StorageElement, weaknesses: Weaknesses): void {
  const count = weaknesses.listsPages === false ? 900 : 1500;
  it(`lists ${count} objects by prefix, in order and with sizes`, async () => {
    const keys = Array.from({ length: count }, (_, n) => `many/${String(n).padStart(4, '0')}`);
    for (let start = 0; start < keys.length; start += 50) {
      await Promise.all(keys.slice(start, start + 50).map((key) => element().put(key, Buffer.from(key))));
    }
    const rows = await all(element().list('many/', 10_000));
    expect(rows.map((row) => row.key)).toEqual(keys);
    expect(new Set(rows.map((row) => row.size))).toEqual(new Set([9]));
    expect(Math.abs((rows[0]?.modifiedAt.getTime() ?? 0) - Date.now())).toBeLessThan(120_000);
    await element().remove(keys);
    expect(await all(element().list('many/', 10))).toEqual([]);
  }, 120_000);

  const list = async (prefix: string, limit: number) =>
    (await all(element().list(prefix, limit))).map((row) => row.key);

  it('takes any beginning of a key as a prefix', async () => {
    for (const name of ['a1', 'a2', 'a3', 'b']) await element().put(`listed/${name}`, Buffer.from(name));
    expect(await list('listed/', 100)).toEqual(['listed/a1', 'listed/a2', 'listed/a3', 'listed/b']);
    expect(await list('listed/a', 100)).toEqual(['listed/a1', 'listed/a2', 'listed/a3']);
    expect(await list('listed/nothing', 100)).toEqual([]);
  });

  const paged = weaknesses.listsPages === false ? it.skip : it;
  paged('lists no more than asked', async () => {
    for (const name of ['a1', 'a2', 'a3']) await element().put(`limited/${name}`, Buffer.from(name));
    expect(await list('limited/a', 2)).toEqual(['limited/a1', 'limited/a2']);
    expect(await list('limited/a', 0)).toEqual([]);
    expect(await list('limi', 1)).toEqual(['limited/a1']);
  });

  const ordered = weaknesses.listsInOrder === false ? it.skip : it;
  ordered('orders by the whole key, not folder by folder', async () => {
    const keys = ['ordered/a-1', 'ordered/a/1', 'ordered/a/2', 'ordered/a0'];
    for (const key of keys.toReversed()) await element().put(key, Buffer.from(key));
    expect(await list('ordered/', 100)).toEqual(keys);
  });
}

function refusals(element: () => StorageElement): void {
  it.each(['../x', 'a/../x', '/x', 'a//b', 'a/', '', './a', 'a b', 'ä', 'a\\b', 'a\0', '600 characters'])(
    'refuses %j as a key, everywhere',
    async (named) => {
      const key = named === '600 characters' ? 'x/'.repeat(300) + 'x' : named;
      const refused = { kind: 'invalid-key' };
      const sha = '0'.repeat(64);
      await expect(element().put(key, Buffer.from('x'))).rejects.toMatchObject(refused);
      await expect(element().get(key)).rejects.toMatchObject(refused);
      await expect(element().head(key)).rejects.toMatchObject(refused);
      await expect(element().remove([key])).rejects.toMatchObject(refused);
      await expect(element().downloadUrl({ key, expiresIn: 60 })).rejects.toMatchObject(refused);
      await expect(element().uploadForm({ key, sha256: sha, size: 1, expiresIn: 60 })).rejects.toMatchObject(refused);
    },
  );

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(element().put('aborted/a', Buffer.from('x'), { signal })).rejects.toThrow('enough');
    expect(await element().head('aborted/a')).toBeNull();
    await element().put('aborted/a', Buffer.from('x'));
    await expect(element().get('aborted/a', { signal })).rejects.toThrow('enough');
  });
}

function overwriting(element: () => StorageElement, weaknesses: Weaknesses): void {
  const size = 512 * 1024;
  const versions = [1, 2, 3, 4, 5, 6].map((n) => Buffer.alloc(size, n));
  const isWhole = (bytes: Buffer) => versions.some((version) => version.equals(bytes));

  it('replaces an object', async () => {
    await element().put('replaced', Buffer.from('a long first version'));
    await element().put('replaced', Buffer.from('second'));
    expect((await element().get('replaced')).toString()).toBe('second');
  });

  const atomic = weaknesses.atomicOverwrite === false ? it.skip : it;
  atomic('shows readers the old object or the new, never a part', async () => {
    await element().put('overwritten', Buffer.alloc(size, 1));
    let writing = true;
    const reader = async () => {
      while (writing) expect(isWhole(await element().get('overwritten'))).toBe(true);
    };
    const readers = [reader(), reader(), reader()];
    for (const version of [...versions, ...versions]) await element().put('overwritten', version);
    writing = false;
    await Promise.all(readers);
  });

  atomic('keeps one whole object of several that are put at once', async () => {
    await Promise.all(versions.map((version) => element().put('concurrent', version)));
    expect(isWhole(await element().get('concurrent'))).toBe(true);
    expect(await all(element().list('concurrent', 10))).toHaveLength(1);
  });
}
