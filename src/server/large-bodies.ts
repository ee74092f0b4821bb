import { once } from 'node:events';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { bearerToken, type Tokens } from '../auth/index.js';
import { Refusal } from '../contract/index.js';
import { answerRefusal, endpointOf, Turns } from '../platform/index.js';

/** How many large bodies a server works on at once, and what is large. */
export interface LargeBodies {
  atOnce: number;
  largeBytes: number;
}

/** A body that waits costs a connection only. Seconds until its sender is told to come back. */
const waiting = { waiting: 100, perCaller: 20, longestWaitSeconds: 30 };

/**
 * Lets few large bodies into the memory of the server at once: until the reply to one is sent, the others stay with their
 * senders. Only somebody with a genuine token gets a turn.
 */
export function limitLargeBodies(fastify: FastifyInstance, tokens: Tokens, { atOnce, largeBytes }: LargeBodies): void {
  const turns = new Turns(() => ({ atOnce, ...waiting }));
  fastify.addHook('preParsing', async (request, reply, payload) => {
    if (isLarge(request, largeBytes)) {
      try {
        await turnOf(request, reply, { tokens, turns });
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        answerRefusal(error, reply, endpointOf(request));
      }
    }
    return payload;
  });
}

/** A body of unknown length counts as large. */
function isLarge(request: FastifyRequest, largeBytes: number): boolean {
  if (endpointOf(request)?.manyJobs !== true) return false;
  const length = Number(request.headers['content-length'] ?? Infinity);
  return !(length <= largeBytes);
}

/** Resolves when it is this request's turn; the turn lasts until the reply is sent, or the connection lost. */
async function turnOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { tokens, turns }: { tokens: Tokens; turns: Turns },
): Promise<void> {
  const principal = await tokens.verify(bearerToken(request.headers.authorization));
  const caller = principal.kind === 'user' ? principal.subject : principal.stamp;
  await new Promise<void>((begin, refuse) => {
    const work = async (): Promise<void> => {
      begin();
      if (!reply.raw.closed) await once(reply.raw, 'close');
    };
    const crowded = (): Refusal =>
      new Refusal('server-busy', 'Too many large calls at once; try again', { retryAfter: 10 });
    turns.take(caller, work, crowded).catch(refuse);
  });
}
