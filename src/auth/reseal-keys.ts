import { ConfigurationError, type Database, type Transaction } from '../platform/index.js';
import { Refusal } from '../contract/index.js';
import { openKey, sealKey } from './sealed-key.js';

/**
 * Seals all signing keys under another key, in one transaction: all of them, or none. Those that are sealed under it
 * already stay as they are. Returns how many were sealed anew. Throws a ConfigurationError when one opens with neither.
 */
export async function resealKeys(
  database: Database,
  { from, to }: { from: Buffer; to: Buffer },
  alongside: (tx: Transaction, resealed: number) => Promise<void>,
): Promise<number> {
  const resealed = await database.withLock('signing-keys', 30, () =>
    database.transaction(async (tx) => {
      const rows = await tx.query<{ kid: string; sealed: string }>(
        'SELECT kid, private_jwk_encrypted AS sealed FROM signing_keys ORDER BY kid FOR UPDATE',
      );
      const old = rows.filter(({ kid, sealed }) => !opens(sealed, kid, to));
      for (const { kid, sealed } of old) {
        const key = openKey(sealed, kid, from);
        await tx.execute('UPDATE signing_keys SET private_jwk_encrypted = ? WHERE kid = ?', [
          sealKey(key, kid, to),
          kid,
        ]);
      }
      await alongside(tx, old.length);
      return old.length;
    }),
  );
  if (resealed === null) throw new Refusal('unavailable', 'Somebody else is changing the signing keys; try again');
  return resealed;
}

function opens(sealed: string, kid: string, key: Buffer): boolean {
  try {
    openKey(sealed, kid, key);
    return true;
  } catch (error) {
    if (error instanceof ConfigurationError) return false;
    throw error;
  }
}
