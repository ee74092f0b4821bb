import { createServer as createSocket } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Tokens } from '../../src/auth/index.js';
import { CurrentConfiguration } from '../../src/configuration/index.js';
import { call, type CallInput, type CallOptions, type Endpoint, type Transport } from '../../src/contract/index.js';
import { Database, Log, type PlatformConfig } from '../../src/platform/index.js';
import { createServer } from '../../src/server/index.js';
import { applyConfiguration, type Overrides } from './configuration.js';
import { testConfig } from './config.js';
import { freshDatabase } from './database.js';

/** A user of a test: the properties are those of the group. */
export interface TestUser {
  vo?: string;
  group?: string;
  user?: string;
  /** Seconds. */
  lifetime?: number;
}

/** What a test may want to differ. */
export interface TestServerOptions {
  config?: Partial<PlatformConfig>;
  configuration?: Overrides | null;
  log?: Log;
}

/** The whole server in this process on a free port, with a database of its own and `aConfiguration`. */
export async function startServer(options: TestServerOptions = {}) {
  const store = await freshDatabase();
  if (options.configuration !== null) await applyConfiguration(store.database, options.configuration ?? {});
  const port = await freePort();
  const config = testConfig({
    databaseUrl: store.url,
    publicUrl: `http://127.0.0.1:${port}`,
    listen: { host: '127.0.0.1', port },
    ...options.config,
  });
  const log = options.log ?? new Log('server', 'error');
  const server = await createServer(config, { log, checkReplies: true }).catch(async (error: unknown) => {
    await store.drop();
    throw error;
  });
  await server.listen();
  const { url, app } = server;
  const tokens = app.get(Tokens);
  const transport = fetchTransport(url);

  return {
    url,
    app,
    config,
    tokens,
    /** A connection of the test's own. */
    database: store.database as Database,
    /** A token for a user, by default of `lhcb_user` in `lhcb`. */
    tokenFor({ vo = 'lhcb', group = 'lhcb_user', user = 'alice', lifetime = 600 }: TestUser = {}): string {
      const known = app.get(CurrentConfiguration).get().document.vos[vo];
      const properties = known?.groups[group]?.properties;
      if (properties === undefined) throw new Error(`The test configuration has no group ${group} in ${vo}`);
      return tokens.forUser({ vo, group, username: user, subject: `${vo}:${user}`, properties }, lifetime).token;
    },
    /** Calls an endpoint; rejects with CallRefused when the server refuses. */
    async call<E extends Endpoint>(endpoint: E, input: CallInput<E> = {}, token?: string, more: CallOptions = {}) {
      const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
      return call(transport, endpoint, input, { ...more, headers: { ...authorization, ...more.headers } });
    },
    async close(): Promise<void> {
      await server.close();
      await store.drop();
    },
  };
}
export type TestServer = Awaited<ReturnType<typeof startServer>>;

/** The contract's transport over fetch. */
export function fetchTransport(baseUrl: string): Transport {
  return async ({ method, path, headers, body, signal }) => {
    const reply = await fetch(`${baseUrl}${path}`, {
      method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: reply.status, headers: Object.fromEntries(reply.headers), body: await reply.text() };
  };
}

/** A port of this machine that nobody listens at. */
export async function freePort(): Promise<number> {
  const socket = createSocket().listen(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address() as AddressInfo;
  socket.close();
  await once(socket, 'close');
  return port;
}
