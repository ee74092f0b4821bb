import type { BlackHoleRules } from '../../configuration/index.js';
import type { Database, Transaction } from '../../platform/index.js';
import { keyOf, nameAt } from './evidence.js';

/** Ends that are folded by one transaction. */
const perFold = 5_000;
const historyDays = 14;

type FoldRules = Pick<BlackHoleRules, 'window' | 'fast'>;

/**
 * Adds the ends that are older than the window to the hours of their places, and removes them. Answers how many there
 * were. An end is counted once: both happen in one transaction.
 */
export async function foldEnds(database: Database, rules: FoldRules, signal: AbortSignal): Promise<number> {
  for (let all = 0; ;) {
    signal.throwIfAborted();
    const count = await database.transaction((tx) => foldSome(tx, rules));
    all += count;
    if (count < perFold) return all;
  }
}

/** Forgets hours that nobody looks at any more. */
export async function forgetOldHours(database: Database): Promise<void> {
  await database.execute('DELETE FROM place_history WHERE hour < NOW(6) - INTERVAL ? DAY LIMIT 10000', [historyDays]);
}

/** The hosts that a site has used lately, folded, as `site/host`. */
export async function hostsLately(database: Database, site: string): Promise<string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT DISTINCT name FROM place_history
     WHERE level = 'host' AND name LIKE ? AND hour > NOW(6) - INTERVAL 1 DAY`,
    [`${site.replaceAll(/[\\%_]/g, '\\$&')}/%`],
  );
  return rows.map(({ name }) => name);
}

interface EndRow {
  ended_at: string;
  hour: string;
  site: string;
  ce: string;
  host: string;
  failure_class: string | null;
  seconds: number;
}

async function foldSome(tx: Transaction, { window, fast }: FoldRules): Promise<number> {
  // Nothing is written with a time so long past, so that what is read here is all that is removed below.
  const rows = await tx.query<EndRow>(
    `SELECT ended_at, DATE_FORMAT(ended_at, '%Y-%m-%d %H:00:00') AS hour, site, ce, host, failure_class, seconds
     FROM attempt_ends WHERE ended_at <= NOW(6) - INTERVAL ? SECOND ORDER BY ended_at, job_id, attempt LIMIT ? FOR UPDATE`,
    [window, perFold],
  );
  if (rows.length === 0) return 0;
  const hours = new Map<string, [level: string, name: string, hour: string, number, number, number]>();
  for (const row of rows) {
    const { site, ce, host, hour, failure_class: failure, seconds } = row;
    const lost = failure === 'infrastructure' ? 1 : 0;
    const badly = failure === 'input' || failure === 'output' || (failure === 'payload' && seconds <= fast);
    for (const level of ['host', 'ce', 'site'] as const) {
      const name = nameAt(level, { site, ce, host, pilot: '' });
      if (name === null) continue;
      const key = `${hour} ${keyOf({ level, name })}`;
      const sum = hours.get(key) ?? [level, name, hour, 0, 0, 0];
      sum[3] += 1;
      sum[4] += lost;
      sum[5] += badly ? 1 : 0;
      hours.set(key, sum);
    }
  }
  await tx.execute(
    `INSERT INTO place_history (level, name, hour, ended, lost, failed) VALUES ?
     ON DUPLICATE KEY UPDATE ended = ended + VALUES(ended), lost = lost + VALUES(lost), failed = failed + VALUES(failed)`,
    [[...hours.values()]],
  );
  await tx.execute('DELETE FROM attempt_ends WHERE ended_at <= ? ORDER BY ended_at, job_id, attempt LIMIT ?', [
    rows.at(-1)?.ended_at,
    rows.length,
  ]);
  return rows.length;
}
