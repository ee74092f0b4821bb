import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStorageElement, type StorageElement, StorageSettings } from '../../src/storage/index.js';
import { eventually, formFor, someBytes } from './support.js';

let folder: string;
let root: string;
let now: number;
let se: StorageElement;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilotage-se-'));
  root = join(folder, 'made', 'on-demand');
  now = Date.now();
  se = open('SandboxSE');
});
afterEach(() => rm(folder, { recursive: true }));

function open(name: string, key = 7): StorageElement {
  const context = { signingKey: Buffer.alloc(32, key), publicUrl: 'https://pilotage.example.org/', now: () => now };
  return openStorageElement(name, { driver: 'file', root }, context);
}

const files = async () => (await readdir(root, { recursive: true, withFileTypes: true })).filter((row) => row.isFile());

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 1000) yield bytes.subarray(start, start + 1000);
}

async function upload(to: StorageElement, fields: Record<string, string>, bytes: Buffer): Promise<void> {
  if (to.door === undefined) throw new Error('This storage element has no door');
  await to.door.acceptUpload(fields, pieces(bytes));
}

async function download(from: StorageElement, url: string): Promise<string> {
  if (from.door === undefined) throw new Error('This storage element has no door');
  const object = await from.door.openDownload(Object.fromEntries(new URL(url).searchParams));
  return Buffer.concat((await object.read(0, object.size - 1).toArray()) as Buffer[]).toString();
}

describe('a file storage element', () => {
  it('keeps objects from other accounts of the host', async () => {
    await se.put('sandboxes/lhcb/x', Buffer.from('secret'));
    const made = await readdir(root, { recursive: true, withFileTypes: true });
    const modes = await Promise.all(made.map(async (row) => (await stat(join(row.parentPath, row.name))).mode & 0o007));
    expect(modes).toHaveLength(5);
    expect(modes.every((mode) => mode === 0)).toBe(true);
  });

  it('makes its folder with the first object, as plain files with readable names', async () => {
    await se.put('lhcb/user/sha256:0a.tar.gz', Buffer.from('x'));
    expect(await readFile(join(root, 'objects', 'lhcb+', 'user+', 'sha256:0a.tar.gz'), 'utf8')).toBe('x');
  });

  it('leaves no empty folders and no drafts behind', async () => {
    await Promise.all(['a/b/c', 'a/b/d', 'a/e'].map((key) => se.put(key, Buffer.from(key))));
    await se.remove(['a/b/c', 'a/b/d']);
    expect(await readdir(join(root, 'objects', 'a+'))).toEqual(['e']);
    await se.remove(['a/e']);
    expect(await readdir(join(root, 'objects'))).toEqual([]);
    expect(await readdir(join(root, 'incoming'))).toEqual([]);
  });

  it('can store into a folder that is being pruned', async () => {
    for (let round = 0; round < 40; round++) {
      await se.put('deep/er/old', Buffer.from('old'));
      await Promise.all([se.remove(['deep/er/old']), se.put('deep/er/new', Buffer.from('new'))]);
      expect((await se.get('deep/er/new')).toString()).toBe('new');
      await se.remove(['deep/er/new']);
    }
  });

  it('removes drafts that a crash left more than a day ago', async () => {
    const incoming = join(root, 'incoming');
    await mkdir(incoming, { recursive: true });
    for (const name of ['old', 'young']) await writeFile(join(incoming, name), 'half');
    await utimes(join(incoming, 'old'), new Date(), new Date(now - 25 * 3600 * 1000));
    await se.put('x', Buffer.from('x'));
    expect(await readdir(incoming)).toEqual(['young']);
  });

  it('leaves nothing of a put that was stopped halfway', async () => {
    const path = join(folder, 'large');
    await writeFile(path, someBytes(32 * 1024 * 1024));
    const stop = new AbortController();
    const outcome = Promise.allSettled([se.put('stopped', { path, size: 32 * 1024 * 1024 }, { signal: stop.signal })]);
    await eventually(async () => (await readdir(join(root, 'incoming')).catch(() => [])).length > 0);
    stop.abort(new Error('enough'));
    expect(await outcome).toEqual([{ status: 'rejected', reason: new Error('enough') }]);
    expect(await files()).toEqual([]);
  });

  it('reports a root that is a file as `protocol`, with the cause', async () => {
    await mkdir(join(folder, 'made'));
    await writeFile(root, 'not a folder');
    const wrong = { kind: 'protocol', cause: { code: 'ENOTDIR' } };
    await expect(se.put('x', Buffer.from('x'))).rejects.toMatchObject(wrong);
    await expect(se.get('x')).rejects.toMatchObject(wrong);
    await expect(se.head('x')).rejects.toMatchObject(wrong);
  });
});

describe('the door of a file storage element', () => {
  it('gives URLs of the server', async () => {
    const form = await formFor(se, { key: 'a', bytes: Buffer.from('x') });
    expect(form.url).toBe('https://pilotage.example.org/api/objects/upload');
    const url = await se.downloadUrl({ key: 'a/b', expiresIn: 60, filename: 'ü &.gz' });
    expect(url).toMatch(/^https:\/\/pilotage\.example\.org\/api\/objects\/download\?se=SandboxSE&key=a%2Fb&/);
  });

  it.each([
    ['other bytes', Buffer.alloc(5000, 2)],
    ['fewer bytes', Buffer.alloc(4999, 1)],
    ['more bytes', Buffer.alloc(5001, 1)],
    ['no bytes', Buffer.alloc(0)],
  ])('leaves nothing of an upload with %s', async (_, sent) => {
    const { fields } = await formFor(se, { key: 'a', bytes: Buffer.alloc(5000, 1) });
    await expect(upload(se, fields, sent)).rejects.toMatchObject({ kind: 'mismatch' });
    expect(await files()).toEqual([]);
  });

  it('reads no more of an upload than was announced', async () => {
    const { fields } = await formFor(se, { key: 'a', bytes: Buffer.alloc(10) });
    let read = 0;
    const endless = (async function* () {
      for (;;) yield Buffer.alloc(8, ++read);
    })();
    await expect(se.door?.acceptUpload(fields, endless)).rejects.toMatchObject({ kind: 'mismatch' });
    expect(read).toBe(2);
  });

  it('leaves nothing of an upload that breaks off, and keeps the object that was there', async () => {
    await se.put('a', Buffer.from('before'));
    const { fields } = await formFor(se, { key: 'a', bytes: Buffer.alloc(10) });
    const broken = (async function* () {
      yield Buffer.alloc(5);
      throw new Error('gone');
    })();
    await expect(se.door?.acceptUpload(fields, broken)).rejects.toThrow('gone');
    expect((await files()).length).toBe(1);
    expect((await se.get('a')).toString()).toBe('before');
  });

  it('opens until the second that was signed', async () => {
    const bytes = Buffer.from('x');
    await se.put('a', bytes);
    now = 1_700_000_000_000;
    const { fields } = await formFor(se, { key: 'a', bytes, expiresIn: 60 });
    const url = await se.downloadUrl({ key: 'a', expiresIn: 60 });
    now += 59_999;
    await upload(se, fields, bytes);
    expect(await download(se, url)).toBe('x');
    now += 1;
    const expired = { kind: 'authorisation', message: 'The signed URL has expired' };
    await expect(upload(se, fields, bytes)).rejects.toMatchObject(expired);
    await expect(download(se, url)).rejects.toMatchObject(expired);
  });

  it('is opened by another server that has the same key, and by no other', async () => {
    const bytes = Buffer.from('x');
    const { fields } = await formFor(se, { key: 'a', bytes });
    await upload(open('SandboxSE'), fields, bytes);
    const refused = { kind: 'authorisation', message: 'The signature is not genuine' };
    await expect(upload(open('SandboxSE', 8), fields, bytes)).rejects.toMatchObject(refused);
    await expect(upload(open('OtherSE'), fields, bytes)).rejects.toMatchObject(refused);
    const url = await se.downloadUrl({ key: 'a', expiresIn: 60, filename: 'mine' });
    await expect(download(se, url.replace('mine', 'other'))).rejects.toMatchObject(refused);
    await expect(download(se, url.replace('&filename=mine', ''))).rejects.toMatchObject(refused);
    expect(await download(open('SandboxSE'), url)).toBe('x');
  });

  it('does not take an upload form for a download', async () => {
    await se.put('a', Buffer.from('x'));
    const { fields } = await formFor(se, { key: 'a', bytes: Buffer.from('x') });
    await expect(se.door?.openDownload(fields)).rejects.toMatchObject({ kind: 'authorisation' });
  });
});

describe('settings of storage elements', () => {
  const s3 = { driver: 's3', endpoint: 'https://s3', region: 'r', bucket: 'bucket', access_key: 'a', secret_key: 's' };

  it('have defaults', () => {
    expect(StorageSettings.parse(s3)).toEqual({ ...s3, path_style: true, connect_timeout: 3, timeout: 30 });
  });

  it.each([
    { driver: 'file' },
    { driver: 'file', root: 'relative' },
    { driver: 'file', root: '/a', bucket: 'b' },
    { driver: 'ftp', root: '/a' },
    { ...s3, endpoint: 'ftp://s3' },
    { ...s3, bucket: 'A' },
    { ...s3, prefix: '/a/' },
    { ...s3, secret_key: '' },
  ])('are refused: %j', (settings) => {
    expect(StorageSettings.safeParse(settings).success).toBe(false);
  });
});
