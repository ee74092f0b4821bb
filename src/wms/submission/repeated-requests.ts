import { hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Refusal } from '../../contract/index.js';
import { BatchLane, Database, toDatabase, toEpoch, type Transaction } from '../../platform/index.js';

/** A request that its client may send again: the same key with the same body gets the same reply. */
export interface Repeatable {
  /** SHA-256 of identity, route and key. */
  scope: string;
  bodySha256: string;
}

/** Who sends what where, under which key. */
export interface KeyedRequest {
  subject: string;
  group: string;
  route: string;
  key: string;
  body: unknown;
}

/** The scope of a key is one identity and one route, so that keys of different clients never meet. */
export function repeatableOf({ subject, group, route, key, body }: KeyedRequest): Repeatable {
  return { scope: sha256(JSON.stringify([subject, group, route, key])), bodySha256: sha256(JSON.stringify(body)) };
}

function sha256(text: string): string {
  return hash('sha256', text);
}

interface KeptReply {
  scope: string;
  body_sha256: string;
  reply: string;
}

/** Replies that are kept for a day at least, so that a repeated request is answered instead of done again. */
@Injectable()
export class RepeatedRequests {
  private readonly replies: BatchLane<string, KeptReply | undefined>;

  constructor(private readonly database: Database) {
    this.replies = new BatchLane((scopes) => this.read(scopes), { largest: 500, lanes: 2 });
  }

  /** The reply that the request got before; null when it is new. Refuses a key that came with another body. */
  async find({ scope, bodySha256 }: Repeatable): Promise<unknown> {
    const row = await this.replies.add(scope);
    if (row === undefined) return null;
    if (row.body_sha256 !== bodySha256) throw new Refusal('idempotency-conflict');
    return JSON.parse(row.reply);
  }

  private async read(scopes: string[]): Promise<{ ok: KeptReply | undefined }[]> {
    const rows = await this.database.query<KeptReply>(
      `SELECT scope, body_sha256, reply FROM repeated_requests
       WHERE scope IN (?) AND day IN (CURRENT_DATE, CURRENT_DATE - INTERVAL 1 DAY) ORDER BY day`,
      [[...new Set(scopes)]],
    );
    // Of two days the later row stands.
    const latest = new Map(rows.map((row) => [row.scope, row]));
    return scopes.map((scope) => ({ ok: latest.get(scope) }));
  }

  /**
   * Keeps replies in the transaction that does the work. The same request in another transaction waits here, and fails
   * as a duplicate once this one is committed. In the first minute of a day the row of the day before is written too:
   * two copies of a request may stand on both sides of midnight. `now` is the database's time.
   */
  async keep(tx: Transaction, replies: readonly (Repeatable & { reply: unknown })[], now: string): Promise<void> {
    if (replies.length === 0) return;
    const days = new Set([now, toDatabase(new Date(toEpoch(now) - 60_000))].map((time) => time.slice(0, 10)));
    const rows = replies.flatMap(({ scope, bodySha256, reply }) => {
      const text = JSON.stringify(reply);
      return [...days].map((day) => [scope, day, bodySha256, text]);
    });
    await tx.execute('INSERT INTO repeated_requests (scope, day, body_sha256, reply) VALUES ?', [rows]);
  }
}
