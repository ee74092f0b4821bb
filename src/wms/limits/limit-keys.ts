import type { Database, Transaction } from '../../platform/index.js';
import { countRunning } from './count-running.sql.js';
import { type Limit, readKey } from './limit.js';

/** A limit and how many slots of it shall exist at least, its maximum permitting. */
export interface Wanted {
  limit: Limit;
  slots: number;
}

/** What is known of a key in the database. */
export interface KnownKey {
  limitId: number;
  /** Numbers up to this one exist. */
  slots: number;
}

interface KeyRow {
  limit_id: number;
  name: string;
  slots: number;
}

const leastSlots = 16;
const rowsPerStatement = 1_000;
const largestKnown = 50_000;

/**
 * Ids and numbers of slots of limits. Both are made when they are first needed, in a transaction of their own: it waits
 * for nobody who could wait for the claim that needs them.
 */
export class LimitKeys {
  private readonly known = new Map<string, KnownKey>();
  private readonly names = new Map<number, string>();

  constructor(private readonly database: Database) {}

  /** The keys of these limits, with so many slots each, or as many as the maximum allows. */
  async find(wanted: readonly Wanted[]): Promise<Map<string, KnownKey>> {
    const lacking = wanted.filter(({ limit, slots }) => {
      const known = this.known.get(limit.key);
      return known === undefined || known.slots < Math.min(slots, limit.maximum);
    });
    if (lacking.length > 0) await this.make(lacking);
    return new Map(
      wanted.flatMap(({ limit: { key } }) => {
        const known = this.known.get(key);
        return known === undefined ? [] : [[key, known]];
      }),
    );
  }

  /** How many slots of this key exist, as far as this process knows. */
  slotsOf(key: string): number {
    return this.known.get(key)?.slots ?? 0;
  }

  /** The key with this id, if this process has met it. */
  nameOf(limitId: number): string | undefined {
    return this.names.get(limitId);
  }

  /** The key was removed from the database; the next who wants it makes it again. */
  forget(key: string): void {
    this.known.delete(key);
  }

  private async make(wanted: readonly Wanted[]): Promise<void> {
    const made = await this.database.transaction(async (tx) => {
      const rows = await lockKeys(tx, [...new Set(wanted.map(({ limit }) => limit.key))].toSorted());
      const result: [string, KnownKey][] = [];
      for (const row of rows) {
        const slots = await ensureSlots(tx, row, slotsFor(row, wanted));
        result.push([row.name, { limitId: row.limit_id, slots }]);
      }
      return result;
    });
    if (this.known.size >= largestKnown) this.known.clear();
    if (this.names.size >= 2 * largestKnown) this.names.clear();
    for (const [name, key] of made) {
      this.known.set(name, key);
      this.names.set(key.limitId, name);
    }
  }
}

/** Twice as many as before, so that a growing number of jobs seldom waits for this. */
function slotsFor(row: KeyRow, wanted: readonly Wanted[]): number {
  const of = wanted.filter(({ limit }) => limit.key === row.name);
  const maximum = Math.max(...of.map(({ limit }) => limit.maximum));
  return Math.min(maximum, Math.max(leastSlots, 2 * row.slots, ...of.map(({ slots }) => slots)));
}

async function lockKeys(tx: Transaction, names: readonly string[]): Promise<KeyRow[]> {
  const select = 'SELECT limit_id, name, slots FROM limit_keys WHERE name IN (?)';
  const known = new Set((await tx.query<KeyRow>(select, [names])).map(({ name }) => name));
  const missing = names.filter((name) => !known.has(name));
  if (missing.length > 0) {
    await tx.execute('INSERT IGNORE INTO limit_keys (name) VALUES ?', [missing.map((name) => [name])]);
  }
  return tx.query<KeyRow>(`${select} ORDER BY name FOR UPDATE`, [names]);
}

/** Makes slots up to this number, the key being locked; of a new limit, what runs already has the first ones. */
async function ensureSlots(tx: Transaction, { limit_id, name, slots }: KeyRow, wanted: number): Promise<number> {
  const { window, scope } = readKey(name);
  if (slots === 0 && window === null) await countRunning(tx, limit_id, scope);
  if (wanted <= slots) return slots;
  // One statement, so that a slot that changes hands meanwhile is seen on one of both sides.
  const rows = await tx.query<{ number: number }>(
    `SELECT number FROM limit_slots WHERE limit_id = ? AND number BETWEEN ? AND ?
     UNION SELECT number FROM limit_uses WHERE limit_id = ? AND number BETWEEN ? AND ?`,
    [limit_id, slots + 1, wanted, limit_id, slots + 1, wanted],
  );
  const present = new Set(rows.map(({ number }) => number));
  const missing = Array.from({ length: wanted - slots }, (_, index) => slots + 1 + index).filter(
    (number) => !present.has(number),
  );
  for (let start = 0; start < missing.length; start += rowsPerStatement) {
    await tx.execute('INSERT INTO limit_slots (limit_id, number) VALUES ?', [
      missing.slice(start, start + rowsPerStatement).map((number) => [limit_id, number]),
    ]);
  }
  await tx.execute('UPDATE limit_keys SET slots = ? WHERE limit_id = ?', [wanted, limit_id]);
  return wanted;
}
