import type { Pilots } from '../../wms/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** What the sweeper needs of leases. Both may be repeated; margins and the database's own downtime are theirs to add. */
export interface LeasesView {
  /** Ends attempts whose lease is over, at most `limit`; answers how many. */
  expire(limit: number): Promise<number>;
  /** Shows jobs of silent pilots as Stalled; answers how many. */
  markSilent(): Promise<number>;
  /** Stamps of pilots that hold nothing and were silent for longer than any lease, at most `limit`. */
  abandoned(limit: number): Promise<string[]>;
}

const batch = 500;

/**
 * Ends leases that nobody renewed, shows which pilots are silent, and gives up those that stay so. A pilot that was given
 * up and comes back is told that it has ended.
 */
export class LeaseSweeper implements Agent {
  readonly name = 'lease-sweeper';
  readonly every = 5;
  readonly limit = 120;

  constructor(
    private readonly leases: LeasesView,
    private readonly pilots: Pick<Pilots, 'move'>,
  ) {}

  async run({ signal }: AgentContext): Promise<AgentSummary> {
    const silent = await this.leases.markSilent();
    const expired = await this.expire(signal);
    let abandoned = 0;
    for (const stamp of await this.leases.abandoned(batch)) {
      if (await this.pilots.move(stamp, 'Aborted', 'Silent for longer than a lease')) abandoned += 1;
    }
    return { silent, expired, abandoned };
  }

  private async expire(signal: AbortSignal): Promise<number> {
    let expired = 0;
    for (;;) {
      signal.throwIfAborted();
      const count = await this.leases.expire(batch);
      expired += count;
      if (count < batch) return expired;
    }
  }
}
