import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, matching, Refusal } from '../../contract/index.js';
import { Handles, Input, Shutdown } from '../../platform/index.js';
import { OpenCalls } from '../open-calls.js';
import { claimText } from './claim-text.js';
import { Matching } from './matching.js';

/** The route by which pilots get jobs and commands. */
@Controller()
export class MatchingController {
  constructor(
    private readonly matching: Matching,
    private readonly open: OpenCalls,
    private readonly shutdown: Shutdown,
  ) {}

  @Handles(matching.claim)
  async claim(
    @Caller() pilot: PilotPrincipal,
    @Input(matching.claim) { body }: { body: ClaimRequest },
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClaimReply> {
    const { mayWait, close } = this.open.openClaim(pilot.stamp, body.wait);
    const client = new AbortController();
    const gone = (): void => client.abort();
    request.raw.socket.once('close', gone);
    if (request.raw.socket.destroyed) gone();
    try {
      const wish = mayWait ? body : { ...body, wait: 0 };
      const answer = await this.matching.claim(pilot, wish, client.signal);
      if (!mayWait && isEmpty(answer)) throw tooManyWait();
      // A connection that stays open would hold up the server's stop.
      if (this.shutdown.hasBegun) void reply.header('connection', 'close');
      // With a serializer of its own a reply has no type.
      void reply.type('application/json; charset=utf-8').serializer(claimText);
      return answer;
    } finally {
      request.raw.socket.off('close', gone);
      close();
    }
  }
}

function isEmpty({ jobs, commands, drain }: ClaimReply): boolean {
  return jobs.length === 0 && commands.length === 0 && !drain;
}

/** There is nothing for the pilot now; it asks again after a pause instead of waiting here. */
function tooManyWait(): Refusal {
  return new Refusal('server-busy', 'Too many pilots wait for jobs on this server; ask again later', { retryAfter: 5 });
}
