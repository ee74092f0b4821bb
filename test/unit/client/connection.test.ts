import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  bypassesProxy,
  Connection,
  downloadFile,
  followEvents,
  httpsTransport,
  pauseSeconds,
  TransferRefused,
  Unreachable,
  uploadForm,
  withManners,
  withRetry,
} from '../../../src/client/index.js';
import { EventParser } from '../../../src/client/sse.js';
import { type Certificates, makeCertificates } from '../../pilot/support/private-ca.js';

type Answer = (request: http.IncomingMessage, reply: http.ServerResponse, body: Buffer) => void;

let certificates: Certificates;
let server: https.Server;
let url: string;
let answer: Answer;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pilotage-client-'));
  certificates = makeCertificates();
  server = https.createServer(certificates, (request, reply) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => answer(request, reply, Buffer.concat(parts)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const connection = (settings = {}): Connection => new Connection({ baseUrl: url, ca: certificates.ca, ...settings });
const get = { method: 'GET', path: '/x', headers: {} };

describe('the transport', () => {
  it('sends the current token and gives status, headers and body', async () => {
    let token = 'one';
    const seen: (string | undefined)[] = [];
    answer = (request, reply) => {
      seen.push(request.headers.authorization);
      reply.writeHead(201, { 'x-count': '3' }).end('grüße');
    };
    const transport = httpsTransport(connection(), () => token);
    expect(await transport(get)).toMatchObject({ status: 201, body: 'grüße', headers: { 'x-count': '3' } });
    token = 'two';
    await transport(get);
    expect(seen).toEqual(['Bearer one', 'Bearer two']);
  });

  it('does not talk to a server whose certificate the CA did not sign', async () => {
    answer = (_, reply) => reply.end('secret');
    const transport = httpsTransport(new Connection({ baseUrl: url }));
    await expect(transport(get)).rejects.toThrow(/cannot be reached: its certificate is not signed by a trusted CA/);
  });

  it('says which host did not answer, and why', async () => {
    const transport = httpsTransport(new Connection({ baseUrl: 'https://127.0.0.1:1' }));
    const error = await transport(get).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(Unreachable);
    expect((error as Error).message).toBe('127.0.0.1:1 cannot be reached: connection refused');
  });

  it('gives up after its timeout, and at once when told to stop', async () => {
    answer = () => undefined;
    const transport = httpsTransport(connection());
    await expect(transport({ ...get, timeout: 50 })).rejects.toThrow('no answer in 0.05 s');
    const stop = new AbortController();
    const call = transport({ ...get, signal: stop.signal });
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });

  it('reaches the server through a tunnel of a proxy, and verifies the server behind it', async () => {
    answer = (_, reply) => reply.end('through');
    const tunnels: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const far = connect(Number(new URL(url).port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        far.pipe(socket).pipe(far);
      });
      far.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const through = { proxy: { url: `http://user:pass@127.0.0.1:${(proxy.address() as AddressInfo).port}` } };
    const open = connection(through);
    expect((await httpsTransport(open)(get)).body).toBe('through');
    expect(tunnels).toEqual([`${new URL(url).host} Basic ${Buffer.from('user:pass').toString('base64')}`]);
    await expect(httpsTransport(connection({ ...through, ca: makeCertificates().ca }))(get)).rejects.toThrow(
      Unreachable,
    );
    open.close();
    proxy.closeAllConnections();
    proxy.close();
  });

  it.each([
    ['example.org', true],
    ['.example.org', true],
    ['other.org, server.example.org:8443', true],
    ['server.example.org:9000', false],
    ['ample.org', false],
    ['*', true],
    ['', false],
  ])('reads NO_PROXY "%s"', (except, bypassed) => {
    expect(bypassesProxy(new URL('https://server.example.org:8443'), except)).toBe(bypassed);
  });
});

describe('trying again', () => {
  it('waits as long as the server asks, and gives the answer in the end', async () => {
    let calls = 0;
    answer = (_, reply) => {
      calls += 1;
      if (calls < 3) reply.writeHead(503, { 'retry-after': '0.2' }).end();
      else reply.end('done');
    };
    const reasons: string[] = [];
    const patience = {
      deadlineSeconds: 10,
      firstPauseSeconds: 0.01,
      onRetry: (reason: string) => void reasons.push(reason),
    };
    const started = Date.now();
    expect((await withRetry(httpsTransport(connection()), patience)(get)).body).toBe('done');
    expect(Date.now() - started).toBeGreaterThanOrEqual(395);
    expect(reasons).toEqual(['HTTP 503', 'HTTP 503']);
  });

  it('gives a refusal at once, and the last answer when patience ends', async () => {
    let calls = 0;
    answer = (request, reply) => {
      calls += 1;
      reply.writeHead(request.url === '/x' ? 409 : 502).end();
    };
    const transport = withRetry(httpsTransport(connection()), { deadlineSeconds: 0.2, firstPauseSeconds: 0.05 });
    expect((await transport(get)).status).toBe(409);
    expect(calls).toBe(1);
    expect((await transport({ ...get, path: '/y' })).status).toBe(502);
    expect(calls).toBeGreaterThan(2);
  });
});

describe('a server that wants fewer calls', () => {
  it('is left alone for as long as it asks, up to two minutes, and a little longer', () => {
    const patience = { deadlineSeconds: 1, firstPauseSeconds: 0.5, longestPauseSeconds: 4 };
    expect(pauseSeconds(0, patience, 10, () => 0)).toBe(10);
    expect(pauseSeconds(0, patience, 10, () => 1)).toBe(12.5);
    expect(pauseSeconds(0, patience, 86_400, () => 0)).toBe(120);
    expect(pauseSeconds(9, patience, 0, () => 1)).toBe(4);
  });

  it('is asked again by every call after 429, and by no other refusal', async () => {
    const seen: string[] = [];
    answer = (request, reply) => {
      seen.push(request.url ?? '');
      if (request.url === '/down') reply.writeHead(503).end();
      else if (seen.length < 3) reply.writeHead(429, { 'retry-after': '0.01' }).end();
      else reply.end('done');
    };
    const polite = withManners(httpsTransport(connection()), { deadlineSeconds: 30, firstPauseSeconds: 0.01 });
    expect((await polite({ ...get, method: 'POST', path: '/busy' })).body).toBe('done');
    expect((await polite({ ...get, path: '/down' })).status).toBe(503);
    expect(seen).toEqual(['/busy', '/busy', '/busy', '/down']);
  });

  it('may refuse a stream for good: its words are told when patience ends', async () => {
    let calls = 0;
    answer = (_, reply) => {
      calls += 1;
      const body = JSON.stringify({ code: 'too-many-streams', detail: 'You have 50 logs open' });
      reply.writeHead(429, { 'retry-after': '0' }).end(body);
    };
    const events = followEvents(connection(), { path: '/stream', patienceSeconds: 0.01 });
    await expect(events.next()).rejects.toMatchObject({ code: 'too-many-streams', message: 'You have 50 logs open' });
    expect(calls).toBeGreaterThan(0);
  });
});

describe('transfers', () => {
  it('uploads a form with all fields before the file, and no token', async () => {
    writeFileSync(join(folder, 'up'), 'file content');
    let seen = '';
    let headers: http.IncomingHttpHeaders = {};
    answer = (request, reply, body) => {
      headers = request.headers;
      seen = body.toString();
      reply.writeHead(204).end();
    };
    await uploadForm(connection(), { url: '/store?x=1', fields: { key: 'k', policy: 'p' } }, join(folder, 'up'));
    expect(headers.authorization).toBeUndefined();
    expect(headers['content-length']).toBe(String(seen.length));
    expect(seen.replace(/\r\n/g, '|')).toMatch(
      /name="key"\|\|k\|.*name="policy"\|\|p\|.*name="file".*\|\|file content\|--/,
    );
  });

  it('says why a store refused an upload', async () => {
    answer = (_, reply) => reply.writeHead(403).end('<Code>AccessDenied</Code>');
    const failed = uploadForm(connection(), { url: `${url}/store`, fields: {} }, join(folder, 'up'));
    await expect(failed).rejects.toThrow(
      new TransferRefused(403, 'the store refused the upload: HTTP 403 <Code>AccessDenied</Code>'),
    );
  });

  it('downloads a file with its checksum, and leaves nothing of one that is too large', async () => {
    answer = (_, reply) => reply.end('x'.repeat(1000));
    const target = join(folder, 'down');
    const got = await downloadFile(connection(), { url: '/f', limit: 1000 }, target);
    expect(got.size).toBe(readFileSync(target).length);
    await expect(downloadFile(connection(), { url: '/f', limit: 999 }, join(folder, 'large'))).rejects.toThrow(
      'larger than 999',
    );
    expect(() => readFileSync(join(folder, 'large'))).toThrow('ENOENT');
  });
});

describe('server-sent events', () => {
  it('go on after the last one that arrived when the connection breaks', async () => {
    const asked: (string | undefined)[] = [];
    answer = (request, reply) => {
      asked.push(request.headers['last-event-id'] as string | undefined);
      if (asked.length === 3) return void reply.writeHead(204).end();
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write(`retry: 10\nid: ${asked.length}\nevent: chunk\ndata: part ${asked.length}\n\n`);
      setImmediate(() => (asked.length === 1 ? reply.destroy() : reply.end()));
    };
    const events = [];
    for await (const event of followEvents(connection(), { path: '/log' })) events.push(event.data);
    expect(events).toEqual(['part 1', 'part 2']);
    expect(asked).toEqual([undefined, '1', '2']);
  });

  it('are read whatever way the bytes are cut', () => {
    const bytes = Buffer.from('id: 1\r\ndata: grüße\ndata: zwei\n\n:comment\n\ndata:x\n\n').toString('latin1');
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const parser = new EventParser();
      const events = [...parser.push(bytes.slice(0, cut)), ...parser.push(bytes.slice(cut))];
      expect(events.map(({ data }) => data)).toEqual(['grüße\nzwei', 'x']);
    }
  });
});
