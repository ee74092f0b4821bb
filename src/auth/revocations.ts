import { longestClaimWait } from '../contract/index.js';
import {
  type Clock,
  type Database,
  type Log,
  systemClock,
  toEpoch,
  toWire,
  type Transaction,
} from '../platform/index.js';
import type { Principal } from './principals.js';
import { longestTokenSeconds } from './signing-keys.js';

/** Whose tokens are revoked: those of a user, those of a pilot and its attempts, all of a VO, or one by its id. */
export type Revoked =
  | { kind: 'user'; subject: string }
  | { kind: 'pilot'; stamp: string }
  | { kind: 'vo'; vo: string }
  | { kind: 'token'; id: string };

/** What is known of a token besides its holder. */
export interface TokenDates {
  /** Id of the token (`jti`). */
  id: string;
  /** Seconds since 1970. */
  issuedAt: number;
}

/** A revocation as an administrator sees it; times in ISO 8601. */
export interface RevocationReport {
  what: string;
  /** Tokens issued before are refused. */
  issuedBefore: string;
  /** When the last of those tokens has expired by itself. */
  forgottenAt: string;
}

/** How often every process looks (s). */
const reloadSeconds = 5;
/**
 * Tokens that are issued for so long after a revocation are refused too (s): until every server knows of it, the holder of
 * a token that is revoked may get another one for it, and clocks of servers differ. A pilot never gets another one; a
 * claim of a VO's pilot that waits already is answered at the end of its wait, with tokens for attempts.
 */
const settlingSeconds: Record<Revoked['kind'], number> = {
  user: 10,
  token: 10,
  pilot: longestTokenSeconds,
  vo: longestClaimWait + 30,
};

/** Revoked tokens, shared by all processes through the database and held in memory. */
export class Revocations {
  private issuedBefore = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly database: Pick<Database, 'query'>,
    private readonly log: Log,
    private readonly clock: Clock = systemClock,
  ) {}

  /** Loads what is revoked and follows changes until {@link close}. */
  async start(): Promise<void> {
    await this.refresh();
    this.timer = setInterval(() => void this.follow(), reloadSeconds * 1_000);
    this.timer.unref();
  }

  close(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Whether a genuine token is refused all the same, as of the last look at the database. */
  refuses(principal: Principal, { id, issuedAt }: TokenDates): boolean {
    if (this.issuedBefore.size === 0) return false;
    const holder = principal.kind === 'user' ? `user:${principal.subject}` : `pilot:${principal.stamp}`;
    return (
      [holder, `vo:${principal.vo}`].some((name) => issuedAt < (this.issuedBefore.get(name) ?? 0)) ||
      this.issuedBefore.has(`token:${id}`)
    );
  }

  /** Reads what is revoked now. */
  async refresh(): Promise<void> {
    const rows = await this.database.query<{ name: string; issued_before: string }>(
      'SELECT name, issued_before FROM token_revocations WHERE forget_at > NOW(6)',
    );
    this.issuedBefore = new Map(rows.map(({ name, issued_before }) => [name, toEpoch(issued_before) / 1_000]));
  }

  /** All revocations that still matter, newest first. */
  async list(): Promise<RevocationReport[]> {
    const rows = await this.database.query<{ name: string; issued_before: string; forget_at: string }>(
      'SELECT name, issued_before, forget_at FROM token_revocations WHERE forget_at > NOW(6) ORDER BY issued_before DESC, name',
    );
    return rows.map(({ name, issued_before, forget_at }) => ({
      what: name,
      issuedBefore: toWire(issued_before),
      forgottenAt: toWire(forget_at),
    }));
  }

  private async follow(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.log.warn('Revoked tokens could not be looked up', { error, at: this.clock.now() });
    }
  }
}

/**
 * Revokes tokens, in the caller's transaction: every server refuses them within five seconds. So it does those that are
 * issued until ten seconds from now (a VO: a minute and a half), and all later ones of a pilot, which loses its secret too.
 */
export async function revokeTokens(tx: Transaction, revoked: Revoked): Promise<void> {
  if (revoked.kind === 'pilot') {
    await tx.execute('UPDATE pilots SET secret_hash = NULL WHERE stamp = ?', [revoked.stamp]);
  }
  // An exchange may be repeated for minutes; it must not bring a token that is younger than the revocation.
  if (revoked.kind === 'vo') {
    await tx.execute('UPDATE pilots SET secret_hash = NULL WHERE vo = ? AND exchange_id IS NOT NULL', [revoked.vo]);
  }
  const settling = settlingSeconds[revoked.kind];
  await tx.execute(
    `INSERT INTO token_revocations (name, issued_before, forget_at)
     VALUES (?, NOW(6) + INTERVAL ? SECOND, NOW(6) + INTERVAL ? SECOND)
     ON DUPLICATE KEY UPDATE issued_before = VALUES(issued_before), forget_at = VALUES(forget_at)`,
    [nameOf(revoked), settling, settling + longestTokenSeconds],
  );
}

/** As it stands in the database and in the audit. */
export function nameOf(revoked: Revoked): string {
  switch (revoked.kind) {
    case 'user':
      return `user:${revoked.subject}`;
    case 'pilot':
      return `pilot:${revoked.stamp}`;
    case 'vo':
      return `vo:${revoked.vo}`;
    case 'token':
      return `token:${revoked.id}`;
  }
}
