import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { httpsTransport, withRetry, type Connection } from '../client/index.js';
import { call, CallRefused, pilots, type Transport } from '../contract/index.js';
import { pause } from './clock.js';
import type { PilotConfig } from './config.js';
import type { PilotLog } from './log-shipping.js';

/** Seconds that a pilot tries to become known; its secret does not live much longer. */
const exchangePatienceSeconds = 900;

/** The pilot's token. It lives in memory only, and is renewed when two thirds of its life are over. */
export class Identity {
  /** Calls the server in the name of the pilot. */
  readonly transport: Transport;
  private token: string;
  private renewInSeconds: number;

  private constructor(
    connection: Connection,
    reply: { access_token: string; expires_in: number },
    private readonly log: PilotLog,
  ) {
    this.token = reply.access_token;
    this.renewInSeconds = renewalOf(reply.expires_in);
    this.transport = httpsTransport(connection, () => this.token);
  }

  /** Exchanges the one-time secret, and deletes its file first. A lost reply is asked for again with the same id. */
  static async obtain(
    connection: Connection,
    { config, log, signal }: { config: PilotConfig; log: PilotLog; signal: AbortSignal },
  ): Promise<Identity> {
    const secret = readFileSync(config.secretFile, 'utf8').trim();
    rmSync(config.secretFile);
    const body = { stamp: config.stamp, secret, exchange_id: randomUUID() };
    const patience = {
      deadlineSeconds: exchangePatienceSeconds,
      onRetry: (reason: string, seconds: number) => log.line(`${reason}; trying again in ${seconds.toFixed(1)} s`),
    };
    const { reply } = await call(withRetry(httpsTransport(connection), patience), pilots.token, { body }, { signal });
    return new Identity(connection, reply, log);
  }

  /** Renews the token ahead of its end until the signal fires. A refusal ends it: then the calls themselves will fail. */
  async keepFresh(signal: AbortSignal): Promise<void> {
    for (;;) {
      await pause(this.renewInSeconds, signal);
      if (signal.aborted) return;
      try {
        const { reply } = await call(this.transport, pilots.renew, {}, { signal, timeout: 30_000 });
        this.token = reply.access_token;
        this.renewInSeconds = renewalOf(reply.expires_in);
      } catch (error) {
        if (signal.aborted) return;
        this.log.line(`the pilot token was not renewed: ${error instanceof Error ? error.message : String(error)}`);
        if (error instanceof CallRefused && [401, 403, 409].includes(error.status)) return;
        this.renewInSeconds = Math.min(15, this.renewInSeconds);
      }
    }
  }
}

function renewalOf(expiresIn: number): number {
  return Math.max(1, (expiresIn * 2) / 3);
}
