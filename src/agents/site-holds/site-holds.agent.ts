import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** What is needed of the checking stage. */
export interface SiteHoldsView {
  refresh(signal: AbortSignal): Promise<{ held: number; released: number }>;
}

/** Says in the minor state of waiting jobs that none of the sites that they name is active, as long as that is so. */
export class SiteHoldsAgent implements Agent {
  readonly name = 'site-holds';
  readonly every = 60;
  readonly limit = 600;

  constructor(private readonly holds: SiteHoldsView) {}

  run({ signal }: AgentContext): Promise<AgentSummary> {
    return this.holds.refresh(signal);
  }
}
