import { Controller } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, jobs, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { Termination } from './termination.js';

/** Kill and delete, with an outcome for each job. */
@Controller()
export class TerminationController {
  constructor(private readonly termination: Termination) {}

  @Handles(jobs.kill)
  kill(
    @Caller() user: UserPrincipal,
    @Input(jobs.kill) input: { body: BodyOf<typeof jobs.kill> },
  ): Promise<ReplyOf<typeof jobs.kill>> {
    return this.termination.kill(user, input.body.job_ids);
  }

  @Handles(jobs.delete)
  delete(
    @Caller() user: UserPrincipal,
    @Input(jobs.delete) input: { body: BodyOf<typeof jobs.delete> },
  ): Promise<ReplyOf<typeof jobs.delete>> {
    return this.termination.delete(user, input.body.job_ids);
  }
}
