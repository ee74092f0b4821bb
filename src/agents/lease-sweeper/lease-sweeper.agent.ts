import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** What the sweeper needs of leases. Both may be repeated; margins and the database's own downtime are theirs to add. */
export interface LeasesView {
  /** Ends attempts whose lease is over, at most `limit`; answers how many. */
  expire(limit: number): Promise<number>;
  /** Shows jobs of silent pilots as Stalled; answers how many. */
  markSilent(): Promise<number>;
}

const batch = 500;

/** Ends leases that nobody renewed, and shows which pilots are silent. */
export class LeaseSweeper implements Agent {
  readonly name = 'lease-sweeper';
  readonly every = 5;
  readonly limit = 120;

  constructor(private readonly leases: LeasesView) {}

  async run({ signal }: AgentContext): Promise<AgentSummary> {
    const silent = await this.leases.markSilent();
    let expired = 0;
    for (;;) {
      signal.throwIfAborted();
      const count = await this.leases.expire(batch);
      expired += count;
      if (count < batch) return { silent, expired };
    }
  }
}
