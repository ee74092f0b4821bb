import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import {
  listenForMetrics,
  Log,
  Metrics,
  type MetricsListener,
  type PlatformConfig,
  RefusalFilter,
  Shutdown,
} from '../platform/index.js';
import { passMultipart, storageRefusal } from '../storage/index.js';
import { Tokens } from '../auth/index.js';
import { limitLargeBodies } from './large-bodies.js';
import { OpenThings } from './platform.module.js';
import { ReplyCheck } from './reply-check.js';
import { accompanyRequests, readJson, requestId } from './requests.js';
import { Routes } from './routes.js';
import { ServerModule } from './server.module.js';
import { longestParameter, refuseUnreadableUrls } from './unreadable-urls.js';

/** The server, put together but not yet listening. */
export interface Server {
  readonly app: NestFastifyApplication;
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Listens at the address of its settings, and at that for metrics if there is one. */
  listen(): Promise<void>;
  /**
   * Ends long polls at once and turns readiness red, but serves on for the drain time of the settings: meanwhile proxies
   * learn of it, and every reply asks its client to connect anew. Then stops listening, lets requests finish for at most
   * 20 s, and closes all connections.
   */
  close(): Promise<void>;
}

/** What tests may want to differ. */
export interface ServerOptions {
  log?: Log;
  /** Compare every reply with the contract. */
  checkReplies?: boolean;
}

const graceSeconds = 20;
const defaultBodyLimit = 1024 * 1024;

/** Opens the database, migrates it, and puts the server together. When that fails, nothing stays open. */
export async function createServer(config: PlatformConfig, options: ServerOptions = {}): Promise<Server> {
  const open = new OpenThings();
  try {
    return await assemble(config, options, open);
  } catch (error) {
    await open.closeAll();
    throw error;
  }
}

async function assemble(config: PlatformConfig, options: ServerOptions, open: OpenThings): Promise<Server> {
  const log = options.log ?? new Log('server', config.logLevel);
  const routes = new Routes(config.bulkBodyBytes);
  const adapter = adapterFor(config, routes, log);
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  routes.watch(fastify);
  passMultipart(fastify);
  const module = ServerModule.for(config, log, open);
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { logger: log, abortOnError: false });
  app.useBodyParser('application/json', { bodyLimit: defaultBodyLimit }, readJson(fastify));
  const metrics = app.get(Metrics);
  const shutdown = app.get(Shutdown);
  watchStop(shutdown, metrics);
  accompanyRequests(fastify, { routes, log, metrics, shutdown });
  limitLargeBodies(fastify, app.get(Tokens), { atOnce: config.bulkBodiesAtOnce, largeBytes: defaultBodyLimit });
  app.useGlobalFilters(new RefusalFilter(log, storageRefusal));
  if (options.checkReplies === true) app.useGlobalInterceptors(new ReplyCheck());
  await app.init();
  routes.check();
  return new RunningServer(app, { config, log, metrics, shutdown });
}

function adapterFor({ tls, trustedProxies }: PlatformConfig, routes: Routes, log: Log): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: defaultBodyLimit,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestParameter },
    frameworkErrors: refuseUnreadableUrls(routes, log),
    trustProxy: trustedProxies.length > 0 ? trustedProxies : false,
    genReqId: requestId,
    // What still arrives while the server stops is answered like everything else: its reply closes the connection.
    return503OnClosing: false,
    requestTimeout: 300_000,
    keepAliveTimeout: 75_000,
    ...(tls === null ? {} : { https: { ...tls, minVersion: 'TLSv1.2' as const } }),
  });
}

function watchStop(shutdown: Shutdown, metrics: Metrics): void {
  const draining = metrics.gauge('pilotage_server_draining', '1 from the beginning of the stop on');
  draining.set(0);
  shutdown.signal.addEventListener('abort', () => draining.set(1));
}

class RunningServer implements Server {
  private monitoring: MetricsListener | null = null;

  constructor(
    readonly app: NestFastifyApplication,
    private readonly parts: { config: PlatformConfig; log: Log; metrics: Metrics; shutdown: Shutdown },
  ) {}

  get url(): string {
    const { address, family, port } = this.app.getHttpServer().address() as AddressInfo;
    const host = family === 'IPv6' ? `[${address}]` : address;
    return `${this.parts.config.tls === null ? 'http' : 'https'}://${host}:${port}`;
  }

  async listen(): Promise<void> {
    const { config, metrics, shutdown } = this.parts;
    const { listen, metricsListen } = config;
    if (metricsListen !== null)
      this.monitoring = await listenForMetrics(metricsListen, metrics, () => !shutdown.hasBegun);
    await this.app.listen(listen.port, listen.host);
  }

  async close(): Promise<void> {
    const http = this.app.getHttpServer();
    const { config, log, shutdown } = this.parts;
    shutdown.begin();
    await delay(config.drainSeconds * 1_000);
    // A connection whose last request has just been answered stays open for the next one; there is none.
    const idle = setInterval(() => http.closeIdleConnections(), 100);
    const deadline = setTimeout(() => {
      log.warn('The server cuts requests that take too long for its stop', { seconds: graceSeconds });
      http.closeAllConnections();
    }, graceSeconds * 1_000);
    try {
      await this.app.close();
      await this.monitoring?.close();
    } finally {
      clearInterval(idle);
      clearTimeout(deadline);
    }
  }
}
