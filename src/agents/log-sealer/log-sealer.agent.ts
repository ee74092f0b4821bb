import { z } from 'zod';
import type { Agent, AgentContext, AgentSummary, Task } from '../agent.js';

/** What the sealer needs of pilot logs. Sealing may be repeated; only logs of ended pilots are sealed. */
export interface PilotLogsView {
  seal(stamp: string, because: 'pilot' | 'vanished'): Promise<boolean>;
  /** Stamps of ended pilots whose logs are open, oldest first. */
  unsealed(limit: number): Promise<string[]>;
}

const batch = 200;

/** Finds logs of ended pilots that are still open, however their pilots ended, and seals them. */
export class LogSealer implements Agent {
  readonly name = 'log-sealer';
  readonly every = 15;
  readonly limit = 300;

  constructor(private readonly logs: PilotLogsView) {}

  async run({ signal, log }: AgentContext): Promise<AgentSummary> {
    let sealed = 0;
    let failed = 0;
    for (;;) {
      const stamps = await this.logs.unsealed(batch);
      let progress = false;
      for (const stamp of stamps) {
        signal.throwIfAborted();
        try {
          if (await this.logs.seal(stamp, 'vanished')) {
            sealed += 1;
            progress = true;
          }
        } catch (error) {
          // One log that cannot be sealed holds up no other; the next run tries it again.
          failed += 1;
          log.warn('A pilot log could not be sealed', { stamp, error });
        }
      }
      if (stamps.length < batch || !progress) return { sealed, failed };
    }
  }
}

const Payload = z.object({ stamp: z.string(), because: z.enum(['pilot', 'vanished']).default('vanished') });

/** Seals the log of one pilot as soon as it has ended. */
export class SealLog implements Task {
  readonly topic = 'seal-log';
  readonly parallel = 4;

  constructor(private readonly logs: PilotLogsView) {}

  async handle(payload: Record<string, unknown>): Promise<void> {
    const { stamp, because } = Payload.parse(payload);
    await this.logs.seal(stamp, because);
  }
}
