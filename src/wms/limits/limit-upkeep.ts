import type { Configuration } from '../../configuration/index.js';
import type { Database, Transaction, WakeUps } from '../../platform/index.js';
import { countRunning } from './count-running.sql.js';
import { readKey } from './limit.js';
import { rulesOf } from './queue-limits.js';

interface KeyRow {
  limit_id: number;
  name: string;
  slots: number;
  /** Servers may not all have known its rule when it was made. */
  fresh: number;
}

/** Seconds in which every server has followed a configuration, with room. */
const allHaveFollowed = 120;
const rowsAtOnce = 1_000;

/**
 * What claims and ends leave to be put in order: keys that no rule makes any more, slots beyond a lowered maximum, attempts
 * that began while a rule was not known everywhere, slots whose attempt ended at a server of a version without limits.
 */
export class LimitUpkeep {
  constructor(
    private readonly database: Database,
    private readonly wakeUps: Pick<WakeUps, 'wake'>,
  ) {}

  /** Gives how many rows were removed, how many attempts counted, and how many slots freed. */
  async run(configuration: Configuration): Promise<{ removed: number; counted: number; freed: number }> {
    const rules = rulesOf(configuration);
    // Read before the keys, so that those of a key that is made meanwhile are not taken for left behind.
    const withRows = await this.idsWithRows();
    const keys = await this.database.query<KeyRow>(
      `SELECT limit_id, name, slots, created_at > NOW(6) - INTERVAL ${allHaveFollowed} SECOND AS fresh FROM limit_keys`,
    );
    const known = new Set(keys.map(({ limit_id }) => limit_id));
    const sums = { removed: 0, counted: 0, freed: await this.freeLostSlots(known) };
    for (const id of withRows) if (!known.has(id)) sums.removed += await this.removeKey(id);
    for (const key of keys) {
      const limit = rules.withKey(key.name);
      // A fresh key may be of a configuration that is newer than the one known here.
      if (limit === null && Number(key.fresh) === 0) sums.removed += await this.removeKey(key.limit_id);
      if (limit === null) continue;
      if (limit.maximum < key.slots) sums.removed += await this.shrink(key, limit.maximum);
      if (limit.window === null && Number(key.fresh) === 1) sums.counted += await this.recount(key);
    }
    return sums;
  }

  private async idsWithRows(): Promise<number[]> {
    const rows = await this.database.query<{ limit_id: number }>(
      'SELECT DISTINCT limit_id FROM limit_slots UNION SELECT DISTINCT limit_id FROM limit_uses',
    );
    return rows.map(({ limit_id }) => limit_id);
  }

  private removeKey(limitId: number): Promise<number> {
    return this.database.transaction(async (tx) => {
      let removed = 0;
      for (const table of ['limit_keys', 'limit_slots', 'limit_uses']) {
        const { affectedRows } = await tx.execute(`DELETE FROM ${table} WHERE limit_id = ?`, [limitId]);
        removed += affectedRows;
      }
      return removed;
    });
  }

  private shrink(key: KeyRow, maximum: number): Promise<number> {
    return this.database.transaction(async (tx) => {
      if ((await lockKey(tx, key)) === null) return 0;
      const { affectedRows } = await tx.execute('DELETE FROM limit_slots WHERE limit_id = ? AND number > ?', [
        key.limit_id,
        maximum,
      ]);
      await tx.execute('UPDATE limit_keys SET slots = LEAST(slots, ?) WHERE limit_id = ?', [maximum, key.limit_id]);
      return affectedRows;
    });
  }

  private recount(key: KeyRow): Promise<number> {
    return this.database.transaction(async (tx) => {
      if ((await lockKey(tx, key)) === null) return 0;
      return countRunning(tx, key.limit_id, readKey(key.name).scope);
    });
  }

  private async freeLostSlots(known: ReadonlySet<number>): Promise<number> {
    const lost = await this.database.query<{ job_id: number; attempt: number; limit_id: number; number: number }>(
      `SELECT u.job_id, u.attempt, u.limit_id, u.number
       FROM limit_uses u LEFT JOIN leases l ON l.job_id = u.job_id AND l.attempt = u.attempt
       WHERE l.job_id IS NULL LIMIT ${rowsAtOnce}`,
    );
    let freed = 0;
    const ofKeys = lost.filter(({ limit_id }) => known.has(limit_id));
    for (const { job_id, attempt, limit_id, number } of ofKeys) {
      freed += await this.database.transaction(async (tx) => {
        const { affectedRows } = await tx.execute(
          'DELETE FROM limit_uses WHERE job_id = ? AND attempt = ? AND limit_id = ? AND number = ?',
          [job_id, attempt, limit_id, number],
        );
        // The end of the attempt may have been faster.
        if (affectedRows === 0) return 0;
        await tx.execute('INSERT INTO limit_slots (limit_id, number) VALUES (?, ?)', [limit_id, number]);
        return 1;
      });
    }
    this.wakeUps.wake('limit', [...new Set(ofKeys.map(({ limit_id }) => limit_id))]);
    return freed;
  }
}

async function lockKey(tx: Transaction, { limit_id }: KeyRow): Promise<KeyRow | null> {
  const [row] = await tx.query<KeyRow>('SELECT limit_id FROM limit_keys WHERE limit_id = ? FOR UPDATE', [limit_id]);
  return row ?? null;
}
