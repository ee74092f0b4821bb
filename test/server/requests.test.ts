import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { server } from '../../src/contract/index.js';
import { Database, KeptPilotFiles, Log, Metrics, PilotFiles } from '../../src/platform/index.js';
import { startServer, type TestServer } from '../support/server.js';

let running: TestServer;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  const log = new Log('server', 'debug', (line) => lines.push(JSON.parse(line) as Record<string, unknown>));
  running = await startServer({ log });
});
afterAll(() => running.close());

const ask = (path: string, init: RequestInit = {}) => fetch(`${running.url}${path}`, init);

describe('paths', () => {
  it('that do not exist get 404, with the code', async () => {
    const reply = await ask('/api/nothing');
    expect(reply.status).toBe(404);
    expect(await reply.json()).toEqual({ detail: 'Not Found', code: 'not-found' });
  });

  it('that do not know a method get 405 with those that they know', async () => {
    const reply = await ask('/api/auth/userinfo?x=1', { method: 'DELETE' });
    expect(reply.status).toBe(405);
    expect(reply.headers.get('allow')).toBe('GET');
    expect(await reply.json()).toEqual({ detail: 'Method Not Allowed', code: 'method-not-allowed' });
  });

  it('mean the same with and without a slash at the end', async () => {
    expect((await ask('/api/health/live/')).status).toBe(200);
    expect((await ask('/api/health/live')).status).toBe(200);
  });
});

describe('the version of a DiracX client', () => {
  const live = (version: string) => ask('/api/health/live', { headers: { 'diracx-client-version': version } });

  it.each(['0.0.1a1', '0.0.20', '1!0.0.0', '0.0.1.dev3+g123'])(
    '%s is accepted or refused by PEP 440',
    async (version) => {
      expect((await live(version)).status).toBe(version === '0.0.1.dev3+g123' ? 400 : 200);
    },
  );

  it('that is too low is told what to do, before anything else is looked at', async () => {
    const reply = await ask('/api/nowhere', { headers: { 'diracx-client-version': '0.0.0a1' } });
    expect(reply.status).toBe(400);
    const detail = 'Client version 0.0.0a1 is not compatible with the server. Upgrade to a version >= 0.0.1a1.';
    expect(await reply.json()).toEqual({ detail, code: 'client-too-old' });
  });

  it('that is none is refused', async () => {
    expect(await (await live('abc')).json()).toMatchObject({ detail: "Invalid version string: 'abc'" });
  });
});

describe('requests', () => {
  it('keep the id that they came with, in the reply and in the log', async () => {
    const reply = await ask('/api/auth/userinfo', { headers: { 'x-request-id': 'proxy-17' } });
    expect(reply.headers.get('x-request-id')).toBe('proxy-17');
    const line = lines.find(({ requestId }) => requestId === 'proxy-17');
    expect(line).toMatchObject({ level: 'info', route: '/api/auth/userinfo', method: 'GET', status: 401 });
  });

  it('get an id of their own where the given one could harm the log', async () => {
    const reply = await ask('/api/health/live', { headers: { 'x-request-id': '{"a": 1}' } });
    expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('leave no query and no token in the log', async () => {
    const token = running.tokenFor();
    await ask('/api/auth/userinfo?signature=very-secret', { headers: { authorization: `Bearer ${token}` } });
    const text = JSON.stringify(lines);
    expect(text).not.toContain('very-secret');
    expect(text).not.toContain(token.split('.')[2]);
  });

  it('are counted by route', async () => {
    await ask('/api/health/live');
    const text = await running.app.get(Metrics).registry.metrics();
    expect(text).toMatch(/pilotage_http_request_seconds_count\{[^}]*route="\/api\/health\/live"/);
    expect((await ask('/metrics')).status).toBe(404);
  });

  it('with a body that is too large or no JSON are refused with a clear code', async () => {
    const headers = { authorization: `Bearer ${running.tokenFor()}`, 'content-type': 'application/json' };
    const large = await ask('/api/jobs/sandbox', { method: 'POST', headers, body: `"${'x'.repeat(1_100_000)}"` });
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ code: 'body-too-large' });
    const broken = await ask('/api/jobs/sandbox', { method: 'POST', headers, body: '{"a":' });
    expect(broken.status).toBe(422);
    expect(await broken.json()).toMatchObject({ detail: [{ type: 'json_invalid', loc: ['body'] }] });
  });

  it('that Fastify refuses are refused as everything else', async () => {
    const authorization = `Bearer ${running.tokenFor()}`;
    const post = (type: string, body: string | Uint8Array<ArrayBuffer>) =>
      ask('/api/jobs/sandbox', { method: 'POST', headers: { authorization, 'content-type': type }, body });
    for (const reply of [await post('text/odd', 'x'), await post('no type', 'x')]) {
      expect(reply.status).toBe(400);
      expect(await reply.json()).toMatchObject({ code: 'malformed-body', detail: expect.any(String) });
    }
    const broken = await post('application/json', Uint8Array.of(0xff, 0xfe));
    expect(broken.status).toBe(422);
    expect(await broken.json()).toMatchObject({ code: 'invalid-request' });
  });

  it.each(['%', '%zz', '%c3%28', 'x'.repeat(101), 'x'.repeat(8_000)])(
    'to a path with a part like %.12s are refused in the dialect of their route',
    async (part) => {
      const ofDiracx = await ask(`/api/jobs/${part}/sandbox?a=%`, { headers: { 'x-request-id': 'mine' } });
      expect(ofDiracx.status).toBe(422);
      expect(ofDiracx.headers.get('x-request-id')).toBe('mine');
      expect(await ofDiracx.json()).toMatchObject({ code: 'invalid-request', detail: [{ loc: ['path'] }] });
      const ours = await ask(`/api/jobs/${part}`);
      expect(ours.status).toBe(422);
      expect(ours.headers.get('content-type')).toContain('application/problem+json');
      expect(await ours.json()).toMatchObject({ code: 'invalid-request', status: 422, title: expect.any(String) });
    },
  );

  it('may be as large as their endpoint says', async () => {
    const headers = { authorization: `Bearer ${running.tokenFor()}`, 'content-type': 'application/json' };
    const jobs = JSON.stringify({ jobs: [{ executable: 'x'.repeat(2_000_000) }] });
    const reply = await ask('/api/jobs', { method: 'POST', headers, body: jobs });
    expect(reply.status).toBe(400);
    expect(await reply.json()).toMatchObject({ code: 'invalid-description' });
  });
});

describe('what programs ask the server about itself', () => {
  it('has health, with Redis as information', async () => {
    expect(await (await ask('/api/health/ready')).json()).toEqual({ status: 'ready', redis: 'ready' });
    expect(await (await ask('/api/health/startup')).json()).toEqual({ status: 'startup complete' });
  });

  it('has the OpenAPI document', async () => {
    const document = (await (await ask(server.openapi.path)).json()) as { openapi: string; paths: object };
    expect(document.openapi).toBe('3.1.0');
    expect(document.paths).toHaveProperty(['/api/jobs/{id}', 'get', 'operationId'], 'jobs.find');
  });

  it('serves the pilot by its hash, and nothing else', async () => {
    const bundle = new PilotFiles().bundle;
    const path = `/api/pilot-files/${bundle.sha256}/${bundle.name}`;
    const reply = await ask(path);
    expect(reply.status).toBe(200);
    expect(Buffer.from(await reply.arrayBuffer()).equals(readFileSync(bundle.path))).toBe(true);
    const other = createHash('sha256').update('other').digest('hex');
    expect((await ask(`/api/pilot-files/${other}/${bundle.name}`)).status).toBe(404);
    expect((await ask(`/api/pilot-files/${bundle.sha256}/..%2F..%2Fmain.js`)).status).toBe(404);
    expect((await ask('/api/pilot-files/xyz/pilotage-pilot.mjs')).status).toBe(422);
  });

  it('serves the bundle of another version once agents of that version have kept it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pilotage-bundle-'));
    try {
      const file = { name: 'pilotage-pilot.mjs', path: join(folder, 'old.mjs'), sha256: '0'.repeat(64) };
      writeFileSync(file.path, Buffer.from([0x27, 0x00, 0xff, 0x5c, 0x0a]));
      const path = `/api/pilot-files/${file.sha256}/${file.name}`;
      expect((await ask(path)).status).toBe(404);
      const kept = new KeptPilotFiles(running.app.get(Database));
      await kept.keep(file);
      await kept.keep(file);
      for (let time = 0; time < 2; time += 1) {
        const reply = await ask(path);
        expect(reply.headers.get('content-length')).toBe('5');
        expect(Buffer.from(await reply.arrayBuffer()).equals(readFileSync(file.path))).toBe(true);
      }
      expect((await ask(`/api/pilot-files/${file.sha256}/other.mjs`)).status).toBe(404);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
