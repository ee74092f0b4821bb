import type { Database, Queryable, Transaction } from '../../platform/index.js';
import { shareKeys, type Use } from './share-keys.js';
import { type LedgerTerms, type LevelRow, type RecordedUse, recentHalfLife, type ShareLedger } from './share-ledger.js';
import type { NamedEntity, ShareEntity } from './shares.js';

interface UseRow {
  vo: string;
  owner_group: string;
  owner_subject: string;
  used: number;
}

const age = 'TIMESTAMPDIFF(MICROSECOND, at, NOW(6)) / 1e6';
const names = 'vo, owner_group, owner_subject';

function decayed(column: string, halfLifeSeconds: number): string {
  return `${column} * POW(0.5, ${age} / ${halfLifeSeconds})`;
}

/** Writes use in the transaction that causes it, one row per entity, with what was used before it. */
export async function writeUse(tx: Queryable, uses: readonly Use[], ledger: ShareLedger, now: number): Promise<void> {
  const summed = new Map<string, Use>();
  for (const use of uses) {
    const [, , key] = shareKeys(use.entity);
    summed.set(key, { ...use, used: (summed.get(key)?.used ?? 0) + use.used });
  }
  if (summed.size === 0) return;
  await tx.execute(`INSERT INTO share_use (${names}, used, vo_before, group_before, owner_before) VALUES ?`, [
    [...summed.values()].map(({ entity, used }) => [...namesOf(entity), used, ...ledger.usedBy(entity, now)]),
  ]);
}

/** All use that is written down, per entity; `now` is the reader's time for the database's. */
export async function readUse(database: Queryable, terms: LedgerTerms, now: number): Promise<RecordedUse[]> {
  const rows = await database.query<UseRow & { recent: number; last: number | null }>(
    `SELECT ${names}, SUM(${decayed('used', terms.halfLifeSeconds)}) AS used,
       SUM(IF(owner_before IS NULL, 0, ${decayed('used', recentHalfLife(terms))})) AS recent,
       MAX(IF(owner_before IS NULL, NULL, use_id)) AS last
     FROM share_use GROUP BY ${names}`,
  );
  const last = rows.flatMap((row) => (row.last === null ? [] : [row.last]));
  const lastTurns = last.length === 0 ? [] : await readLastTurns(database, last);
  const byId = new Map(lastTurns.map((service) => [service.id, service]));
  return rows.map((row) => {
    const service = row.last === null ? undefined : byId.get(row.last);
    const served = service === undefined ? null : { at: now - service.age, before: beforeOf(service) };
    return { entity: entityOf(row), used: row.used, recent: row.recent, served };
  });
}

interface LastTurnRow {
  id: number;
  age: number;
  vo_before: number;
  group_before: number;
  owner_before: number;
}

function readLastTurns(database: Queryable, ids: readonly number[]): Promise<LastTurnRow[]> {
  return database.query<LastTurnRow>(
    `SELECT use_id AS id, ${age} AS age, vo_before, group_before, owner_before FROM share_use WHERE use_id IN (?)`,
    [ids],
  );
}

function beforeOf(row: LastTurnRow): readonly [number, number, number] {
  return [row.vo_before, row.group_before, row.owner_before];
}

/** What the last levelling left. */
export async function readLevels(database: Queryable, now: number): Promise<LevelRow[]> {
  const rows = await database.query<UseRow & { depth: number; lifted: number; floor: number; age: number }>(
    `SELECT depth, ${names}, lifted, floor_use AS floor, ${age} AS age FROM share_levels`,
  );
  return rows.map((row) => ({
    depth: row.depth,
    entity: entityOf({ ...row, used: 0 }),
    lifted: row.lifted,
    floor: row.floor,
    at: now - Number(row.age),
  }));
}

/**
 * Writes what a levelling has changed. The values are whole, not differences, so that several servers may write what
 * they have found in the same rows.
 */
export async function writeLevels(database: Queryable, rows: readonly LevelRow[]): Promise<void> {
  if (rows.length === 0) return;
  const sorted = rows
    .map(({ depth, entity, lifted, floor }) => [depth, ...namesOf(entity), lifted, floor] as const)
    .toSorted((a, b) => a[0] - b[0] || compare(a[1], b[1]) || compare(a[2], b[2]) || compare(a[3], b[3]));
  await database.execute(
    `INSERT INTO share_levels (depth, ${names}, lifted, floor_use) VALUES ?
     ON DUPLICATE KEY UPDATE lifted = VALUES(lifted), floor_use = VALUES(floor_use), at = NOW(6)`,
    [sorted],
  );
}

const foldAfterSeconds = 3_600;
const foldAtOnce = 10_000;
/** After so many half-lives nothing is left that counts. */
const forgottenAfter = 20;

/**
 * Folds rows older than an hour into one per entity, some at a time. What an open transaction holds is passed over and
 * waits for the next time, so nothing is lost however long it stays open. Returns how many rows went.
 */
export async function foldUse(database: Database, terms: LedgerTerms): Promise<number> {
  let removed = 0;
  await database.execute('DELETE FROM share_levels WHERE at < NOW(6) - INTERVAL ? SECOND', [
    Math.round(forgottenAfter * terms.halfLifeSeconds),
  ]);
  for (let after = 0; ;) {
    const part = await database.transaction((tx) => foldSome(tx, terms, after));
    removed += part.removed;
    if (part.last === null) return removed;
    after = part.last;
  }
}

async function foldSome(
  tx: Transaction,
  { halfLifeSeconds }: LedgerTerms,
  after: number,
): Promise<{ removed: number; last: number | null }> {
  const rows = await tx.query<UseRow & { id: number }>(
    `SELECT use_id AS id, ${names}, ${decayed('used', halfLifeSeconds)} AS used FROM share_use
     WHERE use_id > ? AND at < NOW(6) - INTERVAL ? SECOND ORDER BY use_id LIMIT ? FOR UPDATE SKIP LOCKED`,
    [after, foldAfterSeconds, foldAtOnce],
  );
  const last = rows.at(-1);
  if (last === undefined) return { removed: 0, last: null };
  const sums = new Map<string, UseRow>();
  for (const row of rows) {
    const key = JSON.stringify(namesOf(entityOf(row)));
    sums.set(key, { ...row, used: (sums.get(key)?.used ?? 0) + row.used });
  }
  const kept = [...sums.values()].filter(({ used }) => used >= 1);
  await tx.execute('DELETE FROM share_use WHERE use_id IN (?)', [rows.map(({ id }) => id)]);
  if (kept.length > 0) {
    await tx.execute(`INSERT INTO share_use (${names}, used) VALUES ?`, [
      kept.map((row) => [...namesOf(entityOf(row)), row.used]),
    ]);
  }
  return { removed: rows.length - kept.length, last: last.id };
}

function namesOf({ vo, group, ownerSubject }: ShareEntity): [string, string, string] {
  return [vo, group, ownerSubject];
}

function entityOf({ vo, owner_group: group, owner_subject: ownerSubject }: UseRow): NamedEntity {
  return { vo, group, ownerSubject, owner: '' };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
