import { createHash, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { audit, type PilotPrincipal, Tokens } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  type BodyOf,
  finalPilotStates,
  type PilotStatus,
  type pilots,
  Refusal,
  type ReplyOf,
} from '../../contract/index.js';
import { Database } from '../../platform/index.js';

/** The exchange may be repeated with its id for so long (seconds), in case the reply was lost. */
const repeatSeconds = 600;

interface SecretRow {
  vo: string;
  status: PilotStatus;
  secret_hash: string | null;
  exchange_id: string | null;
  /** Within the secret's life, or shortly after the exchange that is repeated. */
  in_time: number;
}

/** How a pilot becomes known: its one-time secret for a short token, which it renews. */
@Injectable()
export class PilotIdentity {
  constructor(
    private readonly database: Database,
    private readonly tokens: Tokens,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /**
   * Exchanges a secret. It works once; the same exchange id may repeat it within ten minutes. Every failure looks the
   * same from outside: `invalid-secret`.
   */
  async exchange(body: BodyOf<typeof pilots.token>): Promise<ReplyOf<typeof pilots.token>> {
    const { stamp, secret, exchange_id } = body;
    const vo = await this.database.transaction(async (tx) => {
      const [row] = await tx.query<SecretRow>(
        `SELECT vo, status, secret_hash, exchange_id, secret_expires_at > NOW(6) AS in_time
         FROM pilots WHERE stamp = ? FOR UPDATE`,
        [stamp],
      );
      const genuine = matches(secret, row?.secret_hash ?? null);
      if (row === undefined || !genuine || Number(row.in_time) !== 1) throw new Refusal('invalid-secret');
      if (finalPilotStates.includes(row.status)) throw new Refusal('invalid-secret');
      if (row.exchange_id === exchange_id) return row.vo;
      if (row.exchange_id !== null) throw new Refusal('invalid-secret');
      // From now on the secret only lives for repetitions of this exchange.
      await tx.execute(
        `UPDATE pilots SET exchange_id = ?, last_contact = NOW(6),
           secret_expires_at = LEAST(secret_expires_at, NOW(6) + INTERVAL ? SECOND) WHERE stamp = ?`,
        [exchange_id, repeatSeconds, stamp],
      );
      await audit(tx, { vo: row.vo, actor: `pilot:${stamp}`, action: 'pilot.exchange-secret', subject: stamp });
      return row.vo;
    });
    return this.tokenFor({ vo, stamp });
  }

  /** A fresh token for a pilot that still lives. */
  async renew({ vo, stamp }: PilotPrincipal): Promise<ReplyOf<typeof pilots.renew>> {
    const [row] = await this.database.query<{ status: PilotStatus }>('SELECT status FROM pilots WHERE stamp = ?', [
      stamp,
    ]);
    if (row === undefined) throw new Refusal('pilot-not-found');
    if (finalPilotStates.includes(row.status)) throw new Refusal('pilot-ended', `The pilot is ${row.status}`);
    return this.tokenFor({ vo, stamp });
  }

  private tokenFor(pilot: { vo: string; stamp: string }): ReplyOf<typeof pilots.token> {
    const lifetime = this.configuration.get().document.pilots.token_lifetime;
    const { token, expiresIn } = this.tokens.forPilot(pilot, lifetime);
    return { access_token: token, expires_in: expiresIn };
  }
}

/** Compared in constant time; a pilot without a secret costs the same. */
function matches(secret: string, hash: string | null): boolean {
  const given = createHash('sha256').update(secret).digest();
  const stored = Buffer.from(hash ?? '0'.repeat(64), 'hex');
  return timingSafeEqual(given, stored) && hash !== null;
}
