import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

/** As many as Node has threads for such work, unless told otherwise. */
const copies = 4;

/**
 * A public key that checks signatures in other threads: one takes as long as all else that a small request does here.
 * Only one thread at a time can use a key object, and asking it for more would wait, hence several of them.
 */
export class VerifyingKey {
  private readonly keys: KeyObject[];
  private turn = 0;

  constructor(jwk: JsonWebKey) {
    this.keys = Array.from({ length: copies }, () => createPublicKey({ key: jwk, format: 'jwk' }));
  }

  /** Whether this Ed25519 signature is of that text. */
  isSignatureOf(text: Buffer, signature: Buffer): Promise<boolean> {
    this.turn = (this.turn + 1) % copies;
    const key = this.keys[this.turn];
    return new Promise((resolve, reject) => {
      if (key === undefined) throw new Error('A verifying key without a key');
      verify(null, text, key, signature, (error, genuine) => (error === null ? resolve(genuine) : reject(error)));
    });
  }
}
