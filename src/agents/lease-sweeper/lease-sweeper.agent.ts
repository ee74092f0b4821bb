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
    /** Seconds of silence after which a pilot cannot be running a payload any more: a lease and its margin. */
    private readonly silentSeconds: number,
  ) {}

  async run({ signal }: AgentContext): Promise<AgentSummary> {
    const silent = await this.leases.markSilent();
    const expired = await this.expire(signal);
    let abandoned = 0;
    for (const stamp of await this.leases.abandoned(batch)) {
      if (await this.giveUp(stamp)) abandoned += 1;
    }
    return { silent, expired, abandoned };
  }

  /** The pilot may have come back since it was looked at: the row decides. */
  private giveUp(stamp: string): Promise<boolean> {
    const { silentSeconds } = this;
    return this.pilots.move(stamp, 'Aborted', 'Silent for longer than a lease', { silentSeconds });
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
