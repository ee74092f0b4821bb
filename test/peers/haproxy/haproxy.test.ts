import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeCertificates } from '../../../scripts/installation/certificates.mjs';
import { freePort } from '../../../scripts/services/ports.mjs';
import { Connection, httpsTransport } from '../../../src/client/index.js';
import { server as routes, call } from '../../../src/contract/index.js';
import { Log, type PlatformConfig } from '../../../src/platform/index.js';
import { createServer, type Server } from '../../../src/server/index.js';
import { applyConfiguration } from '../../support/configuration.js';
import { testConfig } from '../../support/config.js';
import { freshDatabase } from '../../support/database.js';

const program = process.env['PILOTAGE_HAPROXY'] ?? 'haproxy';
const settings = 'deploy/haproxy.cfg';

describe('HAProxy with deploy/haproxy.cfg', () => {
  let folder: string;
  let ca: string;
  let url: string;
  let proxy: ChildProcess;
  let environment: Record<string, string>;
  let store: Awaited<ReturnType<typeof freshDatabase>>;
  let servers: { config: PlatformConfig; server: Server }[];

  const start = async (config: PlatformConfig): Promise<Server> => {
    const server = await createServer(config, { log: new Log('server', 'error') });
    await server.listen();
    return server;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pilotage-haproxy-'));
    const certificates = await makeCertificates(folder);
    ca = readFileSync(certificates.ca, 'utf8');
    const pem = join(folder, 'proxy.pem');
    writeFileSync(pem, readFileSync(certificates.cert, 'utf8') + readFileSync(certificates.key, 'utf8'));
    const [port, objects, one, two] = await Promise.all([1, 2, 3, 4].map(() => freePort()));
    url = `https://localhost:${port}`;
    environment = {
      PATH: process.env['PATH'] ?? '',
      PROXY_CERT: pem,
      API_BIND: `127.0.0.1:${port}`,
      OBJECTS_BIND: `127.0.0.1:${objects}`,
      SERVER_ONE: `127.0.0.1:${one}`,
      SERVER_TWO: `127.0.0.1:${two}`,
      OBJECT_STORE: `127.0.0.1:${one}`,
    };
    store = await freshDatabase();
    await applyConfiguration(store.database, {});
    const shared = testConfig({
      databaseUrl: store.url,
      publicUrl: url,
      drainSeconds: 5,
      trustedProxies: ['127.0.0.1'],
    });
    const configs = [one, two].map((at) => ({ ...shared, listen: { host: '127.0.0.1', port: at as number } }));
    servers = await Promise.all(configs.map(async (config) => ({ config, server: await start(config) })));
    proxy = spawn(program, ['-db', '-f', settings], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
    while (!(await answers())) {
      if (proxy.exitCode !== null) throw new Error(`HAProxy ended with ${proxy.exitCode}`);
      await delay(100);
    }
  }, 120_000);

  afterAll(async () => {
    proxy.kill('SIGKILL');
    await Promise.all(servers.map(({ server }) => server.close()));
    await store.drop();
    rmSync(folder, { recursive: true });
  }, 60_000);

  const ask = async (connection: Connection): Promise<void> => {
    await call(httpsTransport(connection), routes.startup, {}, { timeout: 20_000 });
  };
  async function answers(): Promise<boolean> {
    const connection = new Connection({ baseUrl: url, ca });
    return ask(connection)
      .then(
        () => true,
        () => false,
      )
      .finally(() => connection.close());
  }

  it('is content with the settings', () => {
    const { status, stdout, stderr } = spawnSync(program, ['-c', '-f', settings], {
      env: environment,
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`.replace(/Configuration file is valid\n/, '')]).toEqual([0, '']);
  });

  it('loses no request while one server after the other is restarted', async () => {
    const failures: string[] = [];
    const home = new AbortController();
    let count = 0;
    const clients = Array.from({ length: 8 }, async () => {
      const connection = new Connection({ baseUrl: url, ca });
      while (!home.signal.aborted) {
        await ask(connection).then(
          () => (count += 1),
          (error: unknown) => failures.push(String(error)),
        );
        await delay(10);
      }
      connection.close();
    });
    for (const entry of servers) {
      await entry.server.close();
      const before = count;
      while (count < before + 50 && failures.length === 0) await delay(50);
      entry.server = await start(entry.config);
      // The proxy wants to see two good answers, half a second apart.
      await delay(3_000);
    }
    home.abort();
    await Promise.all(clients);
    expect(failures).toEqual([]);
  }, 120_000);

  it('leaves out a server that died, and answers 503 itself when there is none', async () => {
    for (const { server } of servers) await server.close();
    const connection = new Connection({ baseUrl: url, ca });
    const reply = await connection.open({ method: 'GET', url: '/api/health/live' });
    expect(reply.statusCode).toBe(503);
    reply.resume();
    await once(reply, 'end');
    connection.close();
    for (const entry of servers) entry.server = await start(entry.config);
  }, 60_000);
});
