import { Controller, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type ClaimReply, type ClaimRequest, matching } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { Matching } from './matching.js';

/** The route by which pilots get jobs and commands. */
@Controller()
export class MatchingController {
  constructor(private readonly matching: Matching) {}

  @Handles(matching.claim)
  async claim(
    @Caller() pilot: PilotPrincipal,
    @Input(matching.claim) { body }: { body: ClaimRequest },
    @Req() request: FastifyRequest,
  ): Promise<ClaimReply> {
    const client = new AbortController();
    const gone = (): void => client.abort();
    request.raw.socket.once('close', gone);
    try {
      return await this.matching.claim(pilot, body, client.signal);
    } finally {
      request.raw.socket.off('close', gone);
    }
  }
}
