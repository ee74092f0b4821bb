import { hkdfSync } from 'node:crypto';

/** What a key derived from the master key is for; two purposes never share a key. */
export type KeyPurpose = 'signing-keys' | 'object-urls';

/** A key of 32 bytes for one purpose, the same in every process that has the master key. */
export function deriveKey(masterKey: Buffer, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', masterKey, '', `pilotage ${purpose}`, 32));
}
