import type { Queryable, Transaction } from '../../platform/index.js';
import type { Limit } from './limit.js';
import type { Slot } from './slot-stock.js';

/** So many slots of a limit, which has this id in the database. */
export interface SlotWish {
  limit: Limit;
  limitId: number;
  count: number;
  /** Numbers that this transaction has locked already: own locks are not passed over. */
  held: readonly number[];
}

interface SlotRow {
  at: number;
  number: number;
  /** Null: a free slot. Else who has the use of a slot beyond the maximum. */
  job_id: number | null;
  attempt: number | null;
}

/** The parser's time and memory grow with the parts of a statement. */
const wishesPerStatement = 100;
/** Slots beyond a lowered maximum that one claim looks at; the next claim sees the others. */
const mostSurplus = 1_000;

/**
 * Free slots of limits, locked; those that another claim has locked are passed over, so that nobody waits. Numbers beyond
 * the maximum are not handed out. As long as somebody has the use of such a number (the limit was lowered, or is new), free
 * slots go to them: more than the maximum run, so nothing is free.
 */
export async function takeSlots(tx: Transaction, wishes: readonly SlotWish[]): Promise<Slot[][]> {
  const taken: Slot[][] = [];
  for (let start = 0; start < wishes.length; start += wishesPerStatement) {
    taken.push(...(await takePart(tx, wishes.slice(start, start + wishesPerStatement))));
  }
  return taken;
}

async function takePart(tx: Transaction, wishes: readonly SlotWish[]): Promise<Slot[][]> {
  const parts = wishes.flatMap((wish, at) => [
    freeSlots(wish, at),
    ...(wish.limit.window === null ? [surplusUses(wish, at)] : []),
  ]);
  const rows = await tx.query<SlotRow>(
    parts.map(({ sql }) => `(${sql})`).join(' UNION ALL '),
    parts.flatMap(({ values }) => values),
  );
  const taken: Slot[][] = [];
  for (const [at, wish] of wishes.entries()) {
    const own = rows.filter((row) => Number(row.at) === at);
    const free = own.filter(({ job_id }) => job_id === null).map(({ number }) => number);
    const surplus = own.filter(({ job_id }) => job_id !== null);
    const left = surplus.length === 0 ? free : await settleSurplus(tx, wish, free, surplus);
    taken.push(left.map((number) => ({ limit: wish.limit, limitId: wish.limitId, number })));
  }
  return taken;
}

function freeSlots({ limit, limitId, count, held }: SlotWish, at: number): { sql: string; values: unknown[] } {
  return {
    sql: `SELECT ${at} AS at, number, NULL AS job_id, NULL AS attempt FROM limit_slots
      WHERE limit_id = ? AND number <= ? AND not_before <= NOW(6) ${besides(held)}
      ORDER BY number LIMIT ? FOR UPDATE SKIP LOCKED`,
    values: [limitId, limit.maximum, ...(held.length === 0 ? [] : [held]), count],
  };
}

function besides(held: readonly number[]): string {
  return held.length === 0 ? '' : 'AND number NOT IN (?)';
}

function surplusUses({ limit, limitId }: SlotWish, at: number): { sql: string; values: unknown[] } {
  return {
    sql: `SELECT ${at} AS at, number, job_id, attempt FROM limit_uses FORCE INDEX (by_number)
      WHERE limit_id = ? AND number > ? LIMIT ${mostSurplus} FOR UPDATE SKIP LOCKED`,
    values: [limitId, limit.maximum],
  };
}

/** Lets those beyond the maximum have the free slots; gives what is left for others. */
async function settleSurplus(
  tx: Transaction,
  wish: SlotWish,
  free: readonly number[],
  surplus: readonly SlotRow[],
): Promise<number[]> {
  const { limitId, held } = wish;
  const more = await tx.query<{ number: number }>(
    `SELECT number FROM limit_slots WHERE limit_id = ? AND number <= ? ${besides(held)}
     ORDER BY number LIMIT ? FOR UPDATE SKIP LOCKED`,
    [limitId, wish.limit.maximum, ...(held.length === 0 ? [] : [held]), wish.count + surplus.length],
  );
  const all = [...new Set([...free, ...more.map(({ number }) => number)])].toSorted((a, b) => a - b);
  for (const [index, { job_id, attempt, number }] of surplus.entries()) {
    const low = all[index];
    if (low === undefined) break;
    await tx.execute('UPDATE limit_uses SET number = ? WHERE job_id = ? AND attempt = ? AND limit_id = ?', [
      low,
      job_id,
      attempt,
      limitId,
    ]);
    await tx.execute('UPDATE limit_slots SET number = ? WHERE limit_id = ? AND number = ?', [number, limitId, low]);
  }
  return all.slice(surplus.length, surplus.length + wish.count);
}

/** A slot and the attempt that gets it. */
export interface Use {
  slot: Slot;
  jobId: number;
  attempt: number;
}

/** Gives slots to attempts, whose leases stand already: until the attempt ends, or for the window of a rate. */
export async function useSlots(tx: Transaction, uses: readonly Use[]): Promise<void> {
  const lasting = uses.filter(({ slot }) => slot.limit.window === null);
  if (lasting.length > 0) {
    const { sql, values } = theseSlots(lasting);
    await tx.execute(`DELETE FROM limit_slots WHERE ${sql}`, values);
    await tx.execute('INSERT INTO limit_uses (job_id, attempt, limit_id, number) VALUES ?', [
      lasting.map(({ slot, jobId, attempt }) => [jobId, attempt, slot.limitId, slot.number]),
    ]);
    await tx.execute('UPDATE leases SET limited = TRUE WHERE job_id IN (?)', [
      [...new Set(lasting.map(({ jobId }) => jobId))].toSorted((a, b) => a - b),
    ]);
  }
  for (const window of new Set(uses.map(({ slot }) => slot.limit.window))) {
    if (window === null) continue;
    const { sql, values } = theseSlots(uses.filter(({ slot }) => slot.limit.window === window));
    await tx.execute(`UPDATE limit_slots SET not_before = NOW(6) + INTERVAL ? MICROSECOND WHERE ${sql}`, [
      Math.round(window * 1e6),
      ...values,
    ]);
  }
}

function theseSlots(uses: readonly Use[]): { sql: string; values: unknown[] } {
  const byLimit = new Map<number, number[]>();
  for (const { slot } of uses) byLimit.set(slot.limitId, [...(byLimit.get(slot.limitId) ?? []), slot.number]);
  return {
    sql: [...byLimit].map(() => '(limit_id = ? AND number IN (?))').join(' OR '),
    values: [...byLimit].flat(),
  };
}

/** What there is of a limit of which somebody got fewer slots than were wanted. */
export interface Shortage {
  limit_id: number;
  /** Numbers up to this one exist. */
  slots: number;
  /**
   * Seconds until the next slot is free by itself; null for none to come. Slots that others have locked, and may not need
   * after all, are free already.
   */
  seconds: number | null;
}

/** The limits of these ids that exist. */
export async function shortages(tx: Queryable, limits: ReadonlyMap<number, Limit>): Promise<Map<number, Shortage>> {
  if (limits.size === 0) return new Map();
  const rows = await tx.query<Shortage>(
    `SELECT k.limit_id, k.slots, TIMESTAMPDIFF(MICROSECOND, NOW(6), MIN(s.not_before)) / 1e6 AS seconds
     FROM limit_keys k LEFT JOIN limit_slots s ON s.limit_id = k.limit_id AND s.number <= CASE k.limit_id ${[...limits].map(() => 'WHEN ? THEN ?').join(' ')} END
     WHERE k.limit_id IN (?) GROUP BY k.limit_id, k.slots`,
    [...[...limits].flatMap(([id, { maximum }]) => [id, maximum]), [...limits.keys()]],
  );
  return new Map(
    rows.map((row) => {
      const seconds = row.seconds === null ? null : Math.max(0, Number(row.seconds));
      return [row.limit_id, { ...row, seconds }];
    }),
  );
}
