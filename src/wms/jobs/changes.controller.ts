import { Controller } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { type BodyOf, jobs, type QueryOf, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { ForeignHeartbeats } from './foreign-heartbeats.js';
import { Metadata } from './metadata.js';
import { Rescheduling } from './rescheduling.js';
import { StatusUpdates } from './status-updates.js';

/** DiracX's routes that change jobs. */
@Controller()
export class JobChangesController {
  constructor(
    private readonly updates: StatusUpdates,
    private readonly heartbeats: ForeignHeartbeats,
    private readonly rescheduling: Rescheduling,
    private readonly metadata: Metadata,
  ) {}

  @Handles(jobs.setStatus)
  setStatus(
    @Caller() user: UserPrincipal,
    @Input(jobs.setStatus) input: { query: QueryOf<typeof jobs.setStatus>; body: BodyOf<typeof jobs.setStatus> },
  ): Promise<ReplyOf<typeof jobs.setStatus>> {
    return this.updates.apply(user, input.body, input.query.force);
  }

  @Handles(jobs.heartbeat)
  heartbeat(
    @Caller() user: UserPrincipal,
    @Input(jobs.heartbeat) input: { body: BodyOf<typeof jobs.heartbeat> },
  ): Promise<ReplyOf<typeof jobs.heartbeat>> {
    return this.heartbeats.record(user, input.body);
  }

  @Handles(jobs.reschedule)
  reschedule(
    @Caller() user: UserPrincipal,
    @Input(jobs.reschedule) input: { query: QueryOf<typeof jobs.reschedule>; body: BodyOf<typeof jobs.reschedule> },
  ): Promise<ReplyOf<typeof jobs.reschedule>> {
    return this.rescheduling.reschedule(user, input.body.job_ids, input.query.reset_jobs);
  }

  @Handles(jobs.setMetadata)
  setMetadata(
    @Caller() user: UserPrincipal,
    @Input(jobs.setMetadata) input: { body: BodyOf<typeof jobs.setMetadata> },
  ): Promise<void> {
    return this.metadata.set(user, input.body);
  }
}
