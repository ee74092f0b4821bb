import { randomUUID } from 'node:crypto';
import { call, CallRefused, type ClaimReply, matching, type Offer, type Transport } from '../contract/index.js';
import type { Acknowledgements } from './acknowledgements.js';
import { pause, seconds } from './clock.js';
import type { PilotLog } from './log-shipping.js';
import { serverPatienceSeconds } from './reports.js';

/** One wish for jobs. */
export interface Wish {
  offer: Offer;
  maxJobs: number;
  /** Seconds of long poll. */
  wait: number;
}

const nothing: ClaimReply = { jobs: [], commands: [], drain: false };

/**
 * Claims that survive a lost reply: a wish that was sent is repeated unchanged under the same id until the server
 * answers, because it may have granted jobs already.
 */
export class Claims {
  private open: { id: string; wish: Wish; since: number } | undefined;
  private failures = 0;

  constructor(
    private readonly transport: Transport,
    private readonly log: PilotLog,
    private readonly acknowledgements: Acknowledgements,
  ) {}

  /** Whether a wish for jobs was sent and not answered yet: the server may have granted some. Patience has an end. */
  get unanswered(): boolean {
    return this.open !== undefined && this.failures > 0 && seconds() - this.open.since < serverPatienceSeconds;
  }

  /** The wish that the next {@link next} repeats instead of what it is given. */
  get unsettled(): Wish | undefined {
    return this.open?.wish;
  }

  /** Asks once. Nothing when the server was away (after a pause) or the signal fired; `ended` when it wants this pilot no more. */
  async next(wish: Wish, signal: AbortSignal): Promise<ClaimReply | 'ended'> {
    this.open ??= { id: randomUUID(), wish, since: seconds() };
    const { id, wish: asked } = this.open;
    const acknowledged = this.acknowledgements.waiting;
    const body = { claim_id: id, offer: asked.offer, max_jobs: asked.maxJobs, wait: asked.wait, acknowledged };
    try {
      const { reply } = await call(
        this.transport,
        matching.claim,
        { body },
        { signal, timeout: (asked.wait + 30) * 1000 },
      );
      this.acknowledgements.arrived(acknowledged);
      this.open = undefined;
      this.failures = 0;
      return reply;
    } catch (error) {
      // Without a wish for jobs nothing can have been granted.
      if (asked.maxJobs === 0) this.open = undefined;
      if (signal.aborted) {
        // It may have got jobs all the same; that is asked without waiting again.
        if (this.open !== undefined) this.open.wish = { ...asked, wait: 0 };
        return nothing;
      }
      return this.judge(error, signal);
    }
  }

  private async judge(error: unknown, signal: AbortSignal): Promise<ClaimReply | 'ended'> {
    this.failures += 1;
    this.log.line(`claim: ${error instanceof Error ? error.message : String(error)}`);
    const refused = error instanceof CallRefused && error.status < 500 && error.status !== 429;
    if (refused) this.open = undefined;
    if (refused && error.code === 'pilot-ended') return 'ended';
    const asked = error instanceof CallRefused ? (error.retryAfter ?? 0) : 0;
    await pause(
      Math.max(asked, Math.min(10, 0.5 * 2 ** Math.min(this.failures, 10)) * (0.5 + Math.random() / 2)),
      signal,
    );
    return nothing;
  }
}
