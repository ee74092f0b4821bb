import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Connection, httpsTransport, Unreachable } from '../../../src/client/index.js';
import type { Transport } from '../../../src/contract/index.js';

/** A server that answers the first request of every connection, and closes at the second as if it had closed before. */
let server: http.Server;
let connection: Connection;
let transport: Transport;
let answered: number;
let refused: number;

beforeEach(async () => {
  [answered, refused] = [0, 0];
  const known = new Set<unknown>();
  server = http.createServer((request, reply) => {
    request.resume();
    if (known.has(request.socket)) {
      refused += 1;
      request.socket.resetAndDestroy();
      return;
    }
    known.add(request.socket);
    answered += 1;
    reply.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  connection = new Connection({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  transport = httpsTransport(connection);
});
afterEach(() => {
  connection.close();
  server.closeAllConnections();
  server.close();
});

describe('a kept connection that the server has closed meanwhile', () => {
  it('is replaced, unseen, for what may be repeated', async () => {
    const post = { method: 'POST', path: '/claim', headers: {}, body: '{}', repeatable: true };
    for (const request of [post, { method: 'GET', path: '/', headers: {} }, post]) {
      expect((await transport(request)).status).toBe(200);
    }
    expect([answered, refused]).toEqual([3, 2]);
  });

  it('fails for what must not be done twice', async () => {
    const post = { method: 'POST', path: '/jobs', headers: {}, body: '{}' };
    await transport(post);
    await expect(transport(post)).rejects.toThrow(Unreachable);
    expect([answered, refused]).toEqual([1, 1]);
  });

  it('is no reason to try again when the connection was new', async () => {
    server.removeAllListeners('request');
    server.on('request', (request) => {
      refused += 1;
      request.socket.resetAndDestroy();
    });
    await expect(transport({ method: 'GET', path: '/', headers: {} })).rejects.toThrow(/connection lost/);
    expect(refused).toBe(1);
  });
});
