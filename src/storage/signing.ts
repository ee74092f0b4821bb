import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a signature of the server's own object door binds. Absent parts are bound as absent. */
export interface SignedObject {
  method: 'GET' | 'POST';
  se: string;
  key: string;
  /** Seconds since 1970, as it stands in the form or URL. */
  expires: string;
  sha256?: string;
  size?: string;
  filename?: string;
}

/** The signature (HMAC-SHA256, base64url) of an upload form or download URL. */
export function signObject(signingKey: Buffer, object: SignedObject): string {
  // JSON keeps the parts apart whatever they contain; the first one keeps other uses of the same key apart.
  const { method, se, key, expires, sha256, size, filename } = object;
  const parts = ['pilotage-object', method, se, key, expires, sha256 ?? null, size ?? null, filename ?? null];
  return createHmac('sha256', signingKey).update(JSON.stringify(parts)).digest('base64url');
}

/** Whether the signature is genuine, compared in constant time. */
export function isGenuine(signingKey: Buffer, object: SignedObject, signature: string): boolean {
  const expected = Buffer.from(signObject(signingKey, object));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
