import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, type ParamsOf, pilots, type QueryOf, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { pageHead, SearchTurns } from '../search/index.js';
import { PilotRegister } from './pilot-register.js';
import { PilotSearch } from './pilot-search.js';

/** Routes about pilots, for people and for what starts foreign pilots. */
@Controller()
export class PilotsController {
  constructor(
    private readonly found: PilotSearch,
    private readonly registered: PilotRegister,
    private readonly turns: SearchTurns,
  ) {}

  @Handles(pilots.register)
  async register(
    @Caller() user: UserPrincipal,
    @Input(pilots.register) { body }: { body: BodyOf<typeof pilots.register> },
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.registered.register(user, body);
    await reply.status(pilots.register.status).type('application/json').send('null');
  }

  @Handles(pilots.setMetadata)
  async setMetadata(
    @Caller() user: UserPrincipal,
    @Input(pilots.setMetadata) { body }: { body: BodyOf<typeof pilots.setMetadata> },
  ): Promise<void> {
    await this.registered.setMetadata(user, body);
  }

  @Handles(pilots.search)
  async search(
    @Caller() user: UserPrincipal,
    @Input(pilots.search) input: { query: QueryOf<typeof pilots.search>; body: BodyOf<typeof pilots.search> },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReplyOf<typeof pilots.search>> {
    const page = await this.turns.take(user, () => this.found.search(user, input.body, input.query));
    const { status, contentRange } = pageHead('pilots', input.query, page);
    void reply.status(status);
    if (contentRange !== undefined) void reply.header('content-range', contentRange);
    return page.rows;
  }

  @Handles(pilots.summary)
  summary(
    @Caller() user: UserPrincipal,
    @Input(pilots.summary) { body }: { body: BodyOf<typeof pilots.summary> },
  ): Promise<ReplyOf<typeof pilots.summary>> {
    return this.turns.take(user, () => this.found.summary(user, body.grouping, body.search));
  }

  @Handles(pilots.find)
  find(
    @Caller() user: UserPrincipal,
    @Input(pilots.find) { params }: { params: ParamsOf<typeof pilots.find> },
  ): Promise<ReplyOf<typeof pilots.find>> {
    return this.found.find(user, params.stamp);
  }

  @Handles(pilots.ofJob)
  ofJob(
    @Caller() user: UserPrincipal,
    @Input(pilots.ofJob) { params }: { params: ParamsOf<typeof pilots.ofJob> },
  ): Promise<ReplyOf<typeof pilots.ofJob>> {
    return this.found.ofJob(user, params.id);
  }
}
