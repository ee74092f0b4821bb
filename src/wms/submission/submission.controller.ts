import { Controller, Headers } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, jobs, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { Submission } from './submission.js';

/** Submission, in DiracX's form (JDL) and in ours (JSON). DiracX's clients send one request id for all tries of a call. */
@Controller()
export class SubmissionController {
  constructor(private readonly submission: Submission) {}

  @Handles(jobs.submitJdl)
  submitJdl(
    @Caller() user: UserPrincipal,
    @Input(jobs.submitJdl) input: { body: BodyOf<typeof jobs.submitJdl> },
    @Headers('idempotency-key') key?: string,
    @Headers('x-ms-client-request-id') requestId?: string,
  ): Promise<ReplyOf<typeof jobs.submitJdl>> {
    return this.submission.submitJdls(user, input.body, key ?? requestId);
  }

  @Handles(jobs.submit)
  async submit(
    @Caller() user: UserPrincipal,
    @Input(jobs.submit) input: { body: BodyOf<typeof jobs.submit> },
    @Headers('idempotency-key') key?: string,
    @Headers('x-ms-client-request-id') requestId?: string,
  ): Promise<ReplyOf<typeof jobs.submit>> {
    return { jobs: await this.submission.submitJsons(user, input.body.jobs, key ?? requestId) };
  }
}
