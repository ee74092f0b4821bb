import { Controller } from '@nestjs/common';
import { type AttemptPrincipal, Caller, type PilotPrincipal } from '../../auth/index.js';
import { type BodyOf, execution, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { PilotCalls } from '../matching/pilot-calls.js';
import { AttemptEnds } from './attempt-ends.js';
import { Heartbeats } from './heartbeats.js';
import { Reports } from './reports.js';

/** Routes of job wrappers, and the heartbeat of their pilot. */
@Controller()
export class ExecutionController {
  constructor(
    private readonly reports: Reports,
    private readonly ends: AttemptEnds,
    private readonly heartbeats: Heartbeats,
    private readonly pilots: PilotCalls,
  ) {}

  @Handles(execution.status)
  async status(
    @Caller() holder: AttemptPrincipal,
    @Input(execution.status) { body }: { body: BodyOf<typeof execution.status> },
  ): Promise<void> {
    await this.reports.take(holder, body);
  }

  @Handles(execution.end)
  async end(
    @Caller() holder: AttemptPrincipal,
    @Input(execution.end) { body }: { body: BodyOf<typeof execution.end> },
  ): Promise<void> {
    await this.ends.take(holder, body);
  }

  @Handles(execution.heartbeat)
  async heartbeat(
    @Caller() { stamp }: PilotPrincipal,
    @Input(execution.heartbeat) { body }: { body: BodyOf<typeof execution.heartbeat> },
  ): Promise<ReplyOf<typeof execution.heartbeat>> {
    await Promise.all([this.pilots.acknowledge(stamp, body.acknowledged), this.pilots.touch(stamp)]);
    const attempts = await this.heartbeats.beat(stamp, body.attempts);
    return { attempts, commands: await this.pilots.commands(stamp) };
  }
}
