import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { objects, Refusal } from '../../src/contract/index.js';
import { receiveObject, serveObject } from '../../src/storage/objects.js';
import { StorageElements, type StorageElement } from '../../src/storage/index.js';

/** The two routes of the object door on a free port, without the rest of the server. */
export async function serveDoor(open: (publicUrl: string) => StorageElement) {
  const server = createServer((request, response) => void answer(elements, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const se = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const elements = new StorageElements([se]);
  return {
    se,
    close: async () => {
      await elements.close();
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(elements: StorageElements, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://door');
  try {
    if (request.method === 'POST' && url.pathname === objects.upload.path) {
      await receiveObject(elements, request, request.headers['content-type']);
      response.writeHead(objects.upload.status).end();
    } else if (request.method === 'GET' && url.pathname === objects.download.path) {
      const query = Object.fromEntries(url.searchParams);
      const { status, headers, body } = await serveObject(elements, query, request.headers.range);
      response.writeHead(status, headers);
      if (body === undefined) response.end();
      else await pipeline(body, response);
    } else {
      response.writeHead(404).end();
    }
  } catch (error) {
    if (response.headersSent) response.destroy();
    else response.writeHead(error instanceof Refusal ? error.status : 500).end(String(error));
  }
}
