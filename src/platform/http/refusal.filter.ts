import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type AnyEndpoint, Refusal, type RefusalCode, refusals } from '../../contract/index.js';
import { isDatabaseUnavailable } from '../database.js';
import type { Log } from '../logging.js';
import { retryAfterOf } from './retry-after.js';

/**
 * Renders everything that a handler throws. Refusals become their status and code; an unavailable database 503 with
 * Retry-After; so does what `unavailable` knows as the failure of another service, or null. Anything else is a bug: logged
 * once with its stack, answered 500 with an id to quote.
 */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly unavailable: (thrown: unknown) => Refusal | null = () => null,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    answerRefusal(this.toRefusal(thrown, request), reply, endpointOf(request));
  }

  private toRefusal(thrown: unknown, request: FastifyRequest): Refusal {
    if (thrown instanceof Refusal) return thrown;
    // First, because a client that goes away while its body is read fails with the codes of a lost database.
    const known = frameworkRefusal(thrown);
    if (known !== null) return known;
    if (isDatabaseUnavailable(thrown)) {
      this.log.error('The database does not answer', { error: thrown, path: request.url.split('?')[0] });
      return new Refusal('unavailable', 'The database does not answer; try again', { retryAfter: 10, cause: thrown });
    }
    const unavailable = this.unavailable(thrown);
    if (unavailable !== null) {
      this.log.error('A service behind the server fails', { error: thrown, path: request.url.split('?')[0] });
      return unavailable;
    }
    const id = randomUUID();
    this.log.error('A request failed for a reason nobody foresaw', {
      error: thrown,
      errorId: id,
      path: request.url.split('?')[0],
    });
    return new Refusal('internal', `Internal error; quote ${id} to the administrators`);
  }
}

/** What Nest or Fastify refuse before a handler is reached. */
function frameworkRefusal(thrown: unknown): Refusal | null {
  const status = thrown instanceof HttpException ? thrown.getStatus() : (thrown as { statusCode?: number }).statusCode;
  // Nest wraps what Fastify throws.
  const original = thrown instanceof HttpException ? (thrown.cause ?? thrown) : thrown;
  const { code } = original as { code?: string };
  if (code === 'FST_ERR_CTP_INVALID_JSON_BODY' || (status === 400 && original instanceof SyntaxError)) {
    const body = [{ type: 'json_invalid', loc: ['body'], msg: 'JSON decode error', input: null }];
    return new Refusal('invalid-request', 'body: not valid JSON', { body });
  }
  const codes: Record<number, RefusalCode> = {
    400: 'malformed-body',
    404: 'not-found',
    405: 'method-not-allowed',
    413: 'body-too-large',
    415: 'malformed-body',
  };
  const named = status === undefined ? undefined : codes[status];
  return named === undefined
    ? null
    : new Refusal(named, named === 'not-found' ? 'Not Found' : (thrown as Error).message);
}

/** The endpoint whose route a request took; undefined when it took none. */
export function endpointOf(request: FastifyRequest): AnyEndpoint | undefined {
  return (request.routeOptions.config as { endpoint?: AnyEndpoint }).endpoint;
}

/** Writes a refusal in the dialect of the endpoint; of no endpoint, in DiracX's. */
export function answerRefusal(refusal: Refusal, reply: FastifyReply, endpoint: AnyEndpoint | undefined): void {
  const { code, message: detail, status, details } = refusal;
  const retryAfter = retryAfterOf(refusal);
  if (retryAfter !== null) void reply.header('retry-after', String(retryAfter));
  if (code === 'missing-token') void reply.header('www-authenticate', 'Bearer');
  const problems = details.problems === undefined ? {} : { problems: details.problems };
  if (endpoint?.dialect === 'pilotage') {
    const body = {
      type: `https://pilotage.dev/problems/${code}`,
      title: refusals[code].title,
      status,
      detail,
      code,
      ...problems,
    };
    void reply.status(status).type('application/problem+json').send(JSON.stringify(body));
    return;
  }
  void reply
    .status(status)
    .type('application/json')
    .send(JSON.stringify({ detail: details.body ?? detail, code, ...problems }));
}
