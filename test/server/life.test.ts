import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { get } from 'node:http';
import { matching, server } from '../../src/contract/index.js';
import { createServer } from '../../src/server/index.js';
import { Database, Log, Shutdown } from '../../src/platform/index.js';
import { testConfig } from '../support/config.js';
import { emptyDatabase } from '../support/database.js';
import { freePort, startServer } from '../support/server.js';

const quiet = new Log('server', 'error', () => undefined);

describe('a server', () => {
  it('is not ready without a configuration, and says why', async () => {
    const running = await startServer({ configuration: null });
    const ready = await fetch(`${running.url}/api/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ code: 'no-configuration' });
    expect(ready.headers.get('retry-after')).toBe('10');
    expect((await fetch(`${running.url}/api/health/live`)).status).toBe(200);
    await running.close();
  });

  it('is not ready while the database does not answer, and is again afterwards', async () => {
    const running = await startServer({ log: quiet });
    const database = running.app.get(Database);
    const [{ name } = { name: '' }] = await database.query<{ name: string }>('SELECT DATABASE() AS name');
    await running.database.execute(`RENAME TABLE ${name}.schema_migrations TO ${name}.hidden`);
    const broken = await fetch(`${running.url}/api/health/ready`);
    expect(broken.status).toBe(503);
    expect(broken.headers.get('retry-after')).toBe('10');
    await running.database.execute('DROP TABLE IF EXISTS schema_migrations');
    await running.database.execute(`RENAME TABLE ${name}.hidden TO ${name}.schema_migrations`);
    expect((await fetch(`${running.url}/api/health/ready`)).status).toBe(200);
    await running.close();
  });

  it('serves without Redis, and says that it is away', async () => {
    const running = await startServer({ config: { redisUrl: 'redis://127.0.0.1:1' }, log: quiet });
    const reply = await fetch(`${running.url}/api/health/ready`);
    expect(reply.status).toBe(200);
    expect(await reply.json()).toEqual({ status: 'ready', redis: 'not reachable' });
    await running.close();
  });

  it('may start several times at once on an empty database: one migrates, all have the same signing key', async () => {
    const { url, drop } = await emptyDatabase();
    const config = testConfig({ databaseUrl: url });
    const servers = await Promise.all([1, 2, 3].map(() => createServer(config, { log: quiet })));
    await Promise.all(servers.map((each) => each.listen()));
    const keys = await Promise.all(
      servers.map(
        async (each) => (await fetch(`${each.url}${server.jwks.path}`)).json() as Promise<{ keys: unknown[] }>,
      ),
    );
    expect(keys[0]?.keys).toHaveLength(1);
    expect(keys[1]).toEqual(keys[0]);
    expect(keys[2]).toEqual(keys[0]);
    await Promise.all(servers.map((each) => each.close()));
    await drop();
  });

  it('refuses to start with another master key than the one before', async () => {
    const { url, drop } = await emptyDatabase();
    const first = await createServer(testConfig({ databaseUrl: url }), { log: quiet });
    await first.close();
    await expect(createServer(testConfig({ databaseUrl: url }), { log: quiet })).rejects.toThrow(
      /PILOTAGE_MASTER_KEY_FILE does not open signing key/,
    );
    await drop();
  });

  it('tells those who wait that it stops, closes idle connections, and ends', async () => {
    const running = await startServer();
    let ended = false;
    running.app.get(Shutdown).signal.addEventListener('abort', () => (ended = true));
    await fetch(`${running.url}/api/health/live`);
    const started = Date.now();
    await running.close();
    expect(ended).toBe(true);
    expect(Date.now() - started).toBeLessThan(5_000);
    await expect(fetch(`${running.url}/api/health/live`)).rejects.toThrow(/fetch failed/);
  });

  it('ends the streams of those who follow a log, and the long polls of pilots, at once', async () => {
    const running = await startServer();
    const stamp = 'c'.repeat(32);
    await running.database.execute(
      `INSERT INTO pilots (stamp, vo, site, ce, queue, status, log_state)
       VALUES (?, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'open')`,
      [stamp],
    );
    const headers = { authorization: `Bearer ${running.tokenFor()}` };
    const stream = await fetch(`${running.url}/api/pilots/${stamp}/log/stream`, { headers });
    expect(stream.status).toBe(200);
    const pilot = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600).token;
    const offer = { processors: 1, memory: 1_000, cpu_work_left: 1_000_000, wall_left: 10_000, idle: true };
    const body = { claim_id: randomUUID(), offer, wait: 50 };
    const poll = running.call(matching.claim, { body }, pilot).then(
      ({ reply }) => reply.jobs,
      (error: Error) => error.message,
    );
    // The pilot has been heard once the server has noted its call.
    for (let heard = false; !heard;) {
      const [row] = await running.database.query('SELECT last_contact IS NOT NULL AS heard FROM pilots');
      heard = row?.heard === 1;
    }
    const started = Date.now();
    await Promise.all([running.close(), stream.text(), poll]);
    expect(Date.now() - started).toBeLessThan(5_000);
    expect(await poll).toEqual([]);
  });

  it('offers metrics at an address apart from the API', async () => {
    const port = await freePort();
    const running = await startServer({ config: { metricsListen: { host: '127.0.0.1', port } } });
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toContain('pilotage_http_request_seconds');
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/other`)).status).toBe(404);
    await running.close();
  });

  it('survives a client that sends garbage', async () => {
    const running = await startServer();
    const status = await new Promise<number | undefined>((resolve) => {
      get(`${running.url}/api/health/live`, { headers: { 'x-request-id': 'ü' } }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      }).on('error', () => resolve(undefined));
    });
    expect([200, 400, undefined]).toContain(status);
    expect((await fetch(`${running.url}/api/%E0%A4%A`)).status).toBe(422);
    expect((await fetch(`${running.url}/api/health/live`)).status).toBe(200);
    await running.close();
  });
});
