import type { Principal } from './principals.js';

/** What was found out about a token. */
export interface VerifiedToken {
  principal: Principal;
  /** Seconds since 1970. */
  expires: number;
  /** Id of the key that signed it. */
  kid: string;
  /** Seconds since 1970. */
  issuedAt: number;
  /** Id of the token. */
  id: string;
}

/**
 * Tokens whose signature was checked already, by fingerprint: a pilot shows the same token with every request. Holds the
 * most recently used ones.
 */
export class VerifiedTokens {
  private readonly byFingerprint = new Map<string, VerifiedToken>();

  constructor(private readonly capacity = 50_000) {}

  /** What is known of a token that has not expired at `now` (seconds since 1970). */
  find(fingerprint: string, now: number): VerifiedToken | undefined {
    const known = this.byFingerprint.get(fingerprint);
    if (known === undefined) return undefined;
    this.byFingerprint.delete(fingerprint);
    if (known.expires <= now) return undefined;
    this.byFingerprint.set(fingerprint, known);
    return known;
  }

  add(fingerprint: string, token: VerifiedToken): void {
    this.byFingerprint.set(fingerprint, token);
    if (this.byFingerprint.size <= this.capacity) return;
    const [oldest] = this.byFingerprint.keys();
    if (oldest !== undefined) this.byFingerprint.delete(oldest);
  }
}
