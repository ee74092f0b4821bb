import { createHmac, createSecretKey, hkdfSync, type JsonWebKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../contract/index.js';
import { ConfigurationError } from '../platform/index.js';
import { openKey } from './sealed-key.js';

/** Authenticates the tokens of attempts. */
export class AttemptSecret {
  constructor(private readonly secret: KeyObject) {}

  /** HMAC-SHA-256 of a text, in base64url: 43 characters. */
  codeOf(text: string): string {
    return createHmac('sha256', this.secret).update(text).digest('base64url');
  }

  /** Whether this is the code of that text. */
  isCodeOf(text: string, code: string): boolean {
    const expected = Buffer.from(this.codeOf(text));
    const given = Buffer.from(code);
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

/** The secret that belongs to a signing key: derived from its private part, so that it comes and goes with the key. */
export function secretOf(key: KeyObject, kid: string): AttemptSecret {
  const { d } = key.export({ format: 'jwk' }) as JsonWebKey;
  if (d === undefined) throw new Error(`Signing key ${kid} has no private part`);
  const bytes = hkdfSync('sha256', Buffer.from(d, 'base64url'), kid, 'pilotage attempt tokens', 32);
  return new AttemptSecret(createSecretKey(Buffer.from(bytes)));
}

/**
 * The secrets that belong to the signing keys. Only servers of the installation make and check tokens of attempts, two for
 * each job, and a signature costs forty times what a code costs (docs/decisions/0008).
 */
export class AttemptSecrets {
  private sealed = new Map<string, string>();
  private readonly opened = new Map<string, AttemptSecret>();

  constructor(private readonly sealingKey: Buffer) {}

  /** These keys are good now, and no others. */
  follow(keys: readonly { kid: string; private_jwk_encrypted: string }[]): void {
    this.sealed = new Map(keys.map(({ kid, private_jwk_encrypted }) => [kid, private_jwk_encrypted]));
    for (const kid of this.opened.keys()) if (!this.sealed.has(kid)) this.opened.delete(kid);
  }

  /**
   * The secret of a key, or null when that key is not good. Throws a Refusal `unavailable` on a server whose master key
   * does not open it: the token may be genuine, and another server can tell.
   */
  of(kid: string): AttemptSecret | null {
    const known = this.opened.get(kid);
    if (known !== undefined) return known;
    const sealed = this.sealed.get(kid);
    if (sealed === undefined) return null;
    const secret = secretOf(this.open(sealed, kid), kid);
    this.opened.set(kid, secret);
    return secret;
  }

  private open(sealed: string, kid: string): KeyObject {
    try {
      return openKey(sealed, kid, this.sealingKey);
    } catch (cause) {
      if (!(cause instanceof ConfigurationError)) throw cause;
      throw new Refusal('unavailable', 'This server cannot check the token; try again', { retryAfter: 10, cause });
    }
  }
}
