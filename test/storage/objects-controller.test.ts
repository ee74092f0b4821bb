import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { FastifyInstance } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refusals, Refusal } from '../../src/contract/index.js';
import {
  ObjectsController,
  openStorageElement,
  passMultipart,
  STORAGE_ELEMENTS,
  type StorageElement,
  StorageElements,
} from '../../src/storage/index.js';
import { formFor, postForm, someBytes } from './support.js';

let root: string;
let app: NestFastifyApplication;
let elements: StorageElements;
let se: StorageElement;
const lazy = { find: (name: string) => elements.find(name) };

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'pilotage-objects-'));
  const module = await Test.createTestingModule({
    controllers: [ObjectsController],
    providers: [{ provide: STORAGE_ELEMENTS, useValue: lazy }],
  }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  passMultipart(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  app.useGlobalFilters({
    catch: (error: unknown, host) => {
      const reply = host.switchToHttp().getResponse<{ status(code: number): { send(body: unknown): void } }>();
      const code = error instanceof Refusal ? error.code : 'internal';
      reply.status(refusals[code].status).send({ code });
    },
  });
  await app.listen(0, '127.0.0.1');
  const context = { signingKey: Buffer.alloc(32, 7), publicUrl: await app.getUrl() };
  se = openStorageElement('SandboxSE', { driver: 'file', root }, context);
  elements = new StorageElements([se]);
});
afterAll(async () => {
  await app.close();
  await rm(root, { recursive: true });
});

async function codeOf(reply: Response): Promise<[number, string]> {
  return [reply.status, ((await reply.json()) as { code: string }).code];
}

describe('the routes of the object door', () => {
  it('take an upload of several megabytes and serve it again', async () => {
    const bytes = someBytes(5 * 1024 * 1024);
    expect(await postForm(await formFor(se, { key: 'a/b', bytes }), bytes)).toBe(204);
    const reply = await fetch(await se.downloadUrl({ key: 'a/b', expiresIn: 60, filename: 'b.tar.gz' }));
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/octet-stream');
    expect(reply.headers.get('content-length')).toBe(String(bytes.length));
    expect(reply.headers.get('content-disposition')).toBe('attachment; filename="b.tar.gz"');
    expect(Buffer.from(await reply.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('serve parts and empty objects', async () => {
    await se.put('part', Buffer.from('0123456789'));
    await se.put('none', Buffer.alloc(0));
    const url = await se.downloadUrl({ key: 'part', expiresIn: 60 });
    const part = await fetch(url, { headers: { range: 'bytes=-2' } });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 8-9/10', '89']);
    const beyond = await fetch(url, { headers: { range: 'bytes=10-' } });
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */10']);
    const none = await fetch(await se.downloadUrl({ key: 'none', expiresIn: 60 }));
    expect([none.status, await none.text()]).toEqual([200, '']);
  });

  it('refuse with stable codes', async () => {
    const url = await se.downloadUrl({ key: 'unknown', expiresIn: 60 });
    expect(await codeOf(await fetch(url))).toEqual([404, 'object-not-found']);
    expect(await codeOf(await fetch(url.replace('unknown', 'other')))).toEqual([403, 'url-expired']);
    expect(await codeOf(await fetch(url.replace('SandboxSE', 'OtherSE')))).toEqual([403, 'url-expired']);
    expect(await codeOf(await fetch(`${url}&key=a`))).toEqual([403, 'url-expired']);
    expect(await codeOf(await fetch(url.split('?')[0] ?? ''))).toEqual([403, 'url-expired']);
    const form = await formFor(se, { key: 'a', bytes: someBytes(10) });
    const post = (body: FormData | string) => fetch(form.url, { method: 'POST', body });
    const filled = new FormData();
    for (const [name, value] of Object.entries(form.fields)) filled.append(name, value);
    expect(await codeOf(await post(filled))).toEqual([400, 'malformed-body']);
    filled.append('file', new Blob(['0123456789']), 'file');
    expect(await codeOf(await post(filled))).toEqual([400, 'sandbox-mismatch']);
    expect(await codeOf(await post('key=a'))).toEqual([400, 'malformed-body']);
  });

  it('let the sender of a large refused upload see why', async () => {
    const { url, fields } = await formFor(se, { key: 'large', bytes: someBytes(10) });
    expect(await postForm({ url, fields }, someBytes(20 * 1024 * 1024))).toBe(400);
    expect(await postForm({ url, fields: { ...fields, signature: 'x' } }, someBytes(20 * 1024 * 1024))).toBe(403);
  });

  it('survive a sender that goes away in the middle', async () => {
    const { url, fields } = await formFor(se, { key: 'gone', bytes: someBytes(1000) });
    const { port, pathname } = new URL(url);
    const part = (name: string, value: string) =>
      `--b\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}`;
    const parts = Object.entries(fields).map(([name, value]) => `${part(name, value)}\r\n`);
    const head = `POST ${pathname} HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n`;
    const socket = connect(Number(port), '127.0.0.1');
    const sent = `${head}content-type: multipart/form-data; boundary=b\r\n\r\n${parts.join('')}${part('file', 'only this')}`;
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.write(sent, () => setImmediate(() => socket.destroy()));
      socket.on('close', () => resolve());
    });
    expect(await se.head('gone')).toBeNull();
    const again = someBytes(10);
    expect(await postForm(await formFor(se, { key: 'gone', bytes: again }), again)).toBe(204);
  });
});
