import { Controller } from '@nestjs/common';
import { Caller, type PilotPrincipal } from '../../auth/index.js';
import { type BodyOf, pilots, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { PilotIdentity } from './pilot-identity.js';

/** Secrets and tokens of pilots. */
@Controller()
export class PilotIdentityController {
  constructor(private readonly identity: PilotIdentity) {}

  @Handles(pilots.token)
  exchange(
    @Input(pilots.token) { body }: { body: BodyOf<typeof pilots.token> },
  ): Promise<ReplyOf<typeof pilots.token>> {
    return this.identity.exchange(body);
  }

  @Handles(pilots.renew)
  renew(@Caller() pilot: PilotPrincipal): Promise<ReplyOf<typeof pilots.renew>> {
    return this.identity.renew(pilot);
  }
}
