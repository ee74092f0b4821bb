import { z } from 'zod';

const Claims = z.object({ exp: z.number() });

/** When a JWT expires, as ISO 8601; null when it does not say. For information only: the token is not verified. */
export function expiryOf(token: string): string | null {
  const payload = token.split('.')[1];
  if (payload === undefined) return null;
  try {
    const { exp } = Claims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    return new Date(exp * 1000).toISOString().replace('.000', '');
  } catch {
    return null;
  }
}
