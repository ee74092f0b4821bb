import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { ConfigurationError } from '../platform/index.js';

const ivBytes = 12;
const tagBytes = 16;

/** A private key as it stands in the database: AES-256-GCM, bound to its key id. */
export function sealKey(key: KeyObject, kid: string, sealingKey: Buffer): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', sealingKey, iv).setAAD(Buffer.from(kid));
  const text = JSON.stringify(key.export({ format: 'jwk' }));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** The key again. Throws a ConfigurationError when it was sealed under another master key, or for another key id. */
export function openKey(sealed: string, kid: string, sealingKey: Buffer): KeyObject {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', sealingKey, bytes.subarray(0, ivBytes)).setAAD(Buffer.from(kid));
  try {
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]).toString(
      'utf8',
    );
    return createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' });
  } catch (cause) {
    throw new ConfigurationError(
      `PILOTAGE_MASTER_KEY_FILE does not open signing key ${kid}: all servers and agents need the key of the first one`,
      { cause },
    );
  }
}
