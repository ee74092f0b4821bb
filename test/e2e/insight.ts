import { readFileSync } from 'node:fs';
import type { Installation } from '../../scripts/installation/index.mjs';
import { SigningKeys, Tokens } from '../../src/auth/index.js';
import { Database, deriveKey, Log } from '../../src/platform/index.js';

/** The database of an installation, and tokens in the name of its pilots. */
export interface Insight {
  database: Database;
  pilotToken(stamp: string): string;
  close(): Promise<void>;
}

/** Opens them with the installation's own settings. */
export async function lookInto({ environment, url }: Installation): Promise<Insight> {
  const database = await Database.open(environment['PILOTAGE_DATABASE_URL'] ?? '', 2);
  const masterKey = Buffer.from(readFileSync(environment['PILOTAGE_MASTER_KEY_FILE'] ?? '', 'utf8').trim(), 'hex');
  const keys = new SigningKeys(database, deriveKey(masterKey, 'signing-keys'), new Log('test', 'error'));
  await keys.start();
  const tokens = new Tokens(keys, url);
  return {
    database,
    pilotToken: (stamp) => tokens.forPilot({ vo: 'demo', stamp }, 3_600).token,
    async close() {
      keys.close();
      await database.close();
    },
  };
}
