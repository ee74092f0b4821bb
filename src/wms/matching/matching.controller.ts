import { Controller, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, matching } from '../../contract/index.js';
import { Handles, Input, Shutdown } from '../../platform/index.js';
import { Matching } from './matching.js';

/** The route by which pilots get jobs and commands. */
@Controller()
export class MatchingController {
  constructor(
    private readonly matching: Matching,
    private readonly shutdown: Shutdown,
  ) {}

  @Handles(matching.claim)
  async claim(
    @Caller() pilot: PilotPrincipal,
    @Input(matching.claim) { body }: { body: ClaimRequest },
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ClaimReply> {
    const client = new AbortController();
    const gone = (): void => client.abort();
    request.raw.socket.once('close', gone);
    try {
      const stopping = this.shutdown.signal;
      const answer = await this.matching.claim(pilot, body, { client: client.signal, stopping });
      // A connection that stays open would hold up the server's stop.
      if (stopping.aborted) void reply.header('connection', 'close');
      return answer;
    } finally {
      request.raw.socket.off('close', gone);
    }
  }
}
