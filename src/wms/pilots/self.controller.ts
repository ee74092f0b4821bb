import { Controller } from '@nestjs/common';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type BodyOf, pilots, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { PilotSelf } from './pilot-self.js';

/** What pilots report of themselves. */
@Controller()
export class PilotSelfController {
  constructor(private readonly self: PilotSelf) {}

  @Handles(pilots.report)
  report(
    @Caller() pilot: PilotPrincipal,
    @Input(pilots.report) { body }: { body: BodyOf<typeof pilots.report> },
  ): Promise<ReplyOf<typeof pilots.report>> {
    return this.self.report(pilot, body);
  }

  @Handles(pilots.end)
  async end(
    @Caller() pilot: PilotPrincipal,
    @Input(pilots.end) { body }: { body: BodyOf<typeof pilots.end> },
  ): Promise<void> {
    await this.self.end(pilot, body);
  }
}
