import { Controller, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, jobs, type ParamsOf, type QueryOf, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { pageHead, SearchTurns } from '../search/index.js';
import { JobDetails } from './job-details.js';
import { JobSearch } from './job-search.js';

/** Looking for jobs, and at one of them. */
@Controller()
export class JobSearchController {
  constructor(
    private readonly jobSearch: JobSearch,
    private readonly details: JobDetails,
    private readonly turns: SearchTurns,
  ) {}

  @Handles(jobs.search)
  async search(
    @Caller() user: UserPrincipal,
    @Input(jobs.search) input: { query: QueryOf<typeof jobs.search>; body: BodyOf<typeof jobs.search> },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ReplyOf<typeof jobs.search>> {
    const page = await this.turns.take(user, () => this.jobSearch.search(user, input.body, input.query));
    const { status, contentRange } = pageHead('jobs', input.query, page);
    void reply.status(status);
    if (contentRange !== undefined) void reply.header('content-range', contentRange);
    return page.rows;
  }

  @Handles(jobs.list)
  list(
    @Caller() user: UserPrincipal,
    @Input(jobs.list) input: { body: BodyOf<typeof jobs.list> },
  ): Promise<ReplyOf<typeof jobs.list>> {
    return this.turns.take(user, () => this.jobSearch.list(user, input.body));
  }

  @Handles(jobs.summary)
  summary(
    @Caller() user: UserPrincipal,
    @Input(jobs.summary) input: { body: BodyOf<typeof jobs.summary> },
  ): Promise<ReplyOf<typeof jobs.summary>> {
    return this.turns.take(user, () => this.jobSearch.summary(user, input.body.grouping, input.body.search));
  }

  @Handles(jobs.find)
  find(
    @Caller() user: UserPrincipal,
    @Input(jobs.find) input: { params: ParamsOf<typeof jobs.find> },
  ): Promise<ReplyOf<typeof jobs.find>> {
    return this.details.find(user, input.params.id);
  }

  @Handles(jobs.jdl)
  jdl(
    @Caller() user: UserPrincipal,
    @Input(jobs.jdl) input: { params: ParamsOf<typeof jobs.jdl> },
  ): Promise<ReplyOf<typeof jobs.jdl>> {
    return this.details.jdl(user, input.params.id);
  }

  @Handles(jobs.peek)
  peek(
    @Caller() user: UserPrincipal,
    @Input(jobs.peek) input: { params: ParamsOf<typeof jobs.peek> },
  ): Promise<ReplyOf<typeof jobs.peek>> {
    return this.details.peek(user, input.params.id);
  }
}
