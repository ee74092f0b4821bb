import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from '../contract/index.js';
import { answerRefusal, type Log } from '../platform/index.js';
import type { Routes } from './routes.js';

/** Characters of a part of a path that stands for a parameter. */
export const longestParameter = 100;

const reasons: Record<string, string> = {
  FST_ERR_BAD_URL: 'a % in it begins no character',
  FST_ERR_MAX_PARAM_LENGTH: `a part of it is longer than ${longestParameter} characters`,
};

type Answer = (error: Error & { code?: string }, request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Answers for URLs that the router gives up on: no hook, filter or access log sees these. They get 422 `invalid-request` in
 * the dialect of the route that their path looks like.
 */
export function refuseUnreadableUrls(routes: Routes, log: Log): Answer {
  return (error, request, reply) => {
    const reason = reasons[error.code ?? ''];
    if (reason === undefined) throw error;
    const body = [{ type: 'value_error', loc: ['path'], msg: reason, input: null }];
    const problems = [{ path: 'path', message: reason }];
    const refusal = new Refusal('invalid-request', `path: ${reason}`, { body, problems });
    const endpoint = routes.endpointLike(request.method, request.url);
    log.info('request refused', {
      requestId: request.id,
      method: request.method,
      route: endpoint?.path ?? 'unknown',
      status: refusal.status,
    });
    void reply.header('x-request-id', request.id);
    answerRefusal(refusal, reply, endpoint);
  };
}
