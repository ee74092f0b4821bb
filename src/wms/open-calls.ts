import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CurrentConfiguration } from '../configuration/index.js';
import { Refusal } from '../contract/index.js';
import { Metrics, Openings, Shutdown } from '../platform/index.js';

/** A claim under way: whether it may wait, and what to call when it has been answered. */
export interface OpenClaim {
  mayWait: boolean;
  close: () => void;
}

/**
 * Calls that stay open for long: logs that are read or followed, and claims that wait for jobs. Their numbers are bounded,
 * of each caller and on this server (`limits.streams` in the configuration).
 */
@Injectable()
export class OpenCalls {
  private readonly logs = new Openings();
  private readonly claims = new Openings();

  constructor(
    private readonly configuration: CurrentConfiguration,
    private readonly shutdown: Shutdown,
    metrics: Metrics,
  ) {
    const help = 'Calls that stay open: logs that are read or followed, claims that wait for jobs';
    metrics.lookedUpGauge('pilotage_open_calls', help, 'kind', () => this.load);
  }

  /** How many are open. */
  get load(): { logs: number; claims: number } {
    return { logs: this.logs.count, claims: this.claims.count };
  }

  /**
   * Counts a log that a user opens until its reply has ended, also by a client that vanished. Refuses with `too-many-streams`.
   * The signal fires when the reply has ended and when the server stops.
   */
  openLog({ subject }: { subject: string }, reply: FastifyReply): AbortSignal {
    const { per_user, at_once } = this.limits;
    if (this.logs.of(subject) >= per_user) {
      throw refusal(`You have ${per_user} logs open, which is the limit; close some of them first`);
    }
    if (this.logs.count >= at_once) throw refusal('Too many logs are open on this server; try again later');
    const close = this.logs.open(subject);
    const ended = new AbortController();
    whenEnded(reply, () => {
      close();
      ended.abort();
    });
    return AbortSignal.any([ended.signal, this.shutdown.signal]);
  }

  /**
   * Counts a claim that would wait so many seconds; one that would not is not counted. Refuses with `too-many-streams` when its pilot has too many; when the server has, the
   * claim is looked at once and must not wait.
   */
  openClaim(stamp: string, wait: number): OpenClaim {
    if (wait === 0) return { mayWait: true, close: () => undefined };
    const { claims_per_pilot, claims_at_once } = this.limits;
    if (this.claims.of(stamp) >= claims_per_pilot) {
      throw refusal(`This pilot has ${claims_per_pilot} claims waiting, which is the limit; one is enough`);
    }
    if (this.claims.count >= claims_at_once) return { mayWait: false, close: () => undefined };
    return { mayWait: true, close: this.claims.open(stamp) };
  }

  private get limits() {
    return this.configuration.get().document.limits.streams;
  }
}

function refusal(detail: string): Refusal {
  return new Refusal('too-many-streams', detail, { retryAfter: 10 });
}

function whenEnded({ raw }: FastifyReply, ended: () => void): void {
  if (raw.closed || raw.destroyed) ended();
  else raw.once('close', ended);
}
