import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { openStorageElement, type StorageElement, StorageSettings } from '../../src/storage/index.js';

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function at(endpoint: string): StorageElement {
  const settings = { driver: 's3', region: 'r', bucket: 'bucket', access_key: 'a', secret_key: 's' };
  const parsed = StorageSettings.parse({ ...settings, endpoint, connect_timeout: 0.2, timeout: 0.2 });
  const se = openStorageElement('S3', parsed, { signingKey: Buffer.alloc(32), publicUrl: 'https://unused' });
  closing.push(() => se.close());
  return se;
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function expectUnreachable(se: StorageElement): Promise<void> {
  const unreachable = { name: 'StorageError', kind: 'unreachable', cause: expect.anything() };
  const start = Date.now();
  await expect(se.get('x')).rejects.toMatchObject(unreachable);
  await expect(se.head('x')).rejects.toMatchObject(unreachable);
  await expect(se.put('x', Buffer.from('x'))).rejects.toMatchObject(unreachable);
  await expect(se.remove(['x'])).rejects.toMatchObject(unreachable);
  await expect(se.list('', 1)[Symbol.asyncIterator]().next()).rejects.toMatchObject(unreachable);
  expect(Date.now() - start).toBeLessThan(15_000);
}

describe('an S3 store that is away', () => {
  it('is `unreachable` when nobody listens', async () => {
    const server = createServer();
    const endpoint = await listening(server);
    server.close();
    await once(server, 'close');
    await expectUnreachable(at(endpoint));
  });

  it('is `unreachable` when it accepts connections and says nothing', async () => {
    const sockets: { destroy(): void }[] = [];
    const server = createServer((socket) => sockets.push(socket));
    const endpoint = await listening(server);
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    await expectUnreachable(at(endpoint));
  });

  it('is `unreachable` when it breaks off in the middle of an object', async () => {
    const server = createServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nonly the beginning');
      setTimeout(() => socket.destroy(), 20);
    });
    const endpoint = await listening(server);
    closing.push(() => void server.close());
    const se = at(endpoint);
    await expect(se.get('x')).rejects.toMatchObject({ kind: 'unreachable' });
    const stream = await se.stream('x');
    await expect(stream.toArray()).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
