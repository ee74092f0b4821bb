import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../contract/index.js';
import { answerRefusal, endpointOf, type Log, type Metrics, type Shutdown, withLogFields } from '../platform/index.js';
import { checkClientVersion } from './client-version.js';
import type { Routes } from './routes.js';

/** The id of a request: the one that the caller or a proxy gave, if it is harmless, else a new one. */
export function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

type JsonReader = (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => void;

/** Reads JSON bodies. One that is empty is no body: DiracX's portal calls all its requests JSON. */
export function readJson(fastify: FastifyInstance): JsonReader {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  return (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, body.toString('utf8'), done);
  };
}

/** What accompanies a request. */
export interface Company {
  routes: Routes;
  log: Log;
  metrics: Metrics;
  shutdown: Shutdown;
}

/**
 * What happens to every request besides its handler: id, client version, unknown methods, log line, metrics; and the
 * wish to a client that it connects anew, because this server stops.
 */
export function accompanyRequests(fastify: FastifyInstance, { routes, log, metrics, shutdown }: Company): void {
  const seconds = metrics.histogram('pilotage_http_request_seconds', 'Duration of requests', [
    'method',
    'route',
    'status',
  ]);

  const refused = metrics.counter('pilotage_refused_total', 'Calls that a limit refused (429)', ['traffic']);

  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (shutdown.hasBegun) void reply.header('connection', 'close');
    const refusal = refusalOf(request, reply, routes);
    if (refusal === null) withLogFields({ requestId: request.id }, done);
    else answerRefusal(refusal, reply, endpointOf(request));
  });
  // Reading a body leaves the context of the hook before.
  fastify.addHook('preValidation', (request, _reply, done) => withLogFields({ requestId: request.id }, done));

  fastify.addHook('onResponse', (request, reply, done) => {
    const { method, id } = request;
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.statusCode;
    seconds.observe({ method, route, status: String(status) }, reply.elapsedTime / 1_000);
    // Never the URL itself: a query may hold a signature.
    if (status === 429) refused.inc({ traffic: trafficOf(request) });
    const fields = { requestId: id, method, route, status, ms: Math.round(reply.elapsedTime * 10) / 10 };
    if (status >= 400) log.info('request refused', fields);
    else log.debug('request', fields);
    done();
  });
}

function trafficOf(request: FastifyRequest): string {
  return endpointOf(request)?.traffic ?? 'unknown';
}

function refusalOf(request: FastifyRequest, reply: FastifyReply, routes: Routes): Refusal | null {
  try {
    checkClientVersion(request.headers['diracx-client-version']);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
  const methods = request.is404
    ? routes.methodsOf(request.url)
    : routes.methodsMistaken(request.url, endpointOf(request));
  if (methods.length === 0 && !request.is404) return null;
  if (methods.length === 0) return new Refusal('not-found', 'Not Found');
  void reply.header('allow', methods.join(', '));
  return new Refusal('method-not-allowed', 'Method Not Allowed');
}
