import { Controller } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { limits, type ReplyOf } from '../../contract/index.js';
import { Handles } from '../../platform/index.js';
import type { LimitScope } from './limit.js';
import { LimitStates } from './limit-states.js';

/** How full the limits on running jobs are, for administrators. */
@Controller()
export class LimitsController {
  constructor(private readonly states: LimitStates) {}

  @Handles(limits.list)
  async list(@Caller() { vo }: UserPrincipal): Promise<ReplyOf<typeof limits.list>> {
    const states = await this.states.all(vo);
    return states.map(({ rule, scope, window, maximum, inUse, freeIn }) => ({
      Rule: rule,
      Counts: countsOf(scope),
      Kind: window === null ? ('running' as const) : ('rate' as const),
      Window: window,
      Maximum: maximum,
      InUse: inUse,
      FreeIn: freeIn,
    }));
  }
}

function countsOf({ subject: _subject, jobType, ...scope }: LimitScope): string {
  const named = Object.entries({ ...scope, ...(jobType === undefined ? {} : { job_type: jobType }) });
  return named.length === 0 ? 'all' : named.map(([name, value]) => `${name}=${value}`).join(' ');
}
