import type { ResourceKind, ResourceState } from '../../contract/index.js';
import type { Queryable, Transaction } from '../../platform/index.js';
import type { Resource, ResourceStatus } from './resource-status.js';

/** A status and for how long it is still in force: milliseconds from the moment of reading, null for ever. */
export interface StatusRow {
  status: ResourceStatus;
  left: number | null;
}

/** One change of the past; `status` is null where one was taken back. */
export interface StatusChange extends Resource {
  id: number;
  status: ResourceState | null;
  reason: string;
  author: string;
  at: string;
  expiresAt: string | null;
}

const columns = 'kind, name, vo, access, status, reason, author, set_at AS setAt, expires_at AS expiresAt';

/** When anything was set or taken back last. Changes commit in the order of this time. */
export async function readEdition(database: Queryable): Promise<string> {
  const [row] = await database.query<{ at: string }>(
    'SELECT changed_at AS at FROM resource_status_edition WHERE id = 1',
  );
  return row?.at ?? '';
}

/** All statuses, those included that have expired and were not removed yet (`left` is then not above 0). */
export async function readStatuses(database: Queryable): Promise<StatusRow[]> {
  const rows = await database.query<ResourceStatus & { micros: number | null }>(
    `SELECT ${columns}, TIMESTAMPDIFF(MICROSECOND, NOW(6), expires_at) AS micros FROM resource_statuses`,
  );
  return rows.map(({ micros, ...status }) => ({ status, left: micros === null ? null : Number(micros) / 1_000 }));
}

/**
 * Begins a change: everybody else who changes statuses waits until this transaction ends. Statuses that have expired go.
 * Answers the time of the change, for {@link endChange}.
 */
export async function beginChange(tx: Transaction): Promise<string> {
  const [row] = await tx.query<{ at: string }>(
    `SELECT CAST(GREATEST(NOW(6), changed_at + INTERVAL 1 MICROSECOND) AS CHAR) AS at
     FROM resource_status_edition WHERE id = 1 FOR UPDATE`,
  );
  const at = row?.at ?? '';
  const { affectedRows } = await tx.execute('DELETE FROM resource_statuses WHERE expires_at <= NOW(6)');
  if (affectedRows > 0) await endChange(tx, at);
  return at;
}

/** Makes everybody read the statuses again. */
export async function endChange(tx: Transaction, at: string): Promise<void> {
  await tx.execute('UPDATE resource_status_edition SET changed_at = ? WHERE id = 1', [at]);
}

/** The status of exactly this resource, VO and access. */
export async function readStatus(tx: Queryable, of: Resource): Promise<ResourceStatus | null> {
  const [row] = await tx.query<ResourceStatus>(
    `SELECT ${columns} FROM resource_statuses WHERE kind = ? AND name = ? AND vo = ? AND access = ?`,
    [of.kind, of.name, of.vo, of.access],
  );
  return row ?? null;
}

/** Writes a status over the one before. */
export async function writeStatus(tx: Transaction, given: ResourceStatus): Promise<void> {
  const { kind, name, vo, access, status, reason, author, setAt, expiresAt } = given;
  await tx.execute(
    `INSERT INTO resource_statuses (kind, name, vo, access, status, reason, author, set_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE status = VALUES(status), reason = VALUES(reason), author = VALUES(author),
       set_at = VALUES(set_at), expires_at = VALUES(expires_at)`,
    [kind, name, vo, access, status, reason, author, setAt, expiresAt],
  );
}

/** Removes a status; answers whether there was one. */
export async function removeStatus(tx: Transaction, of: Resource): Promise<boolean> {
  const { affectedRows } = await tx.execute(
    'DELETE FROM resource_statuses WHERE kind = ? AND name = ? AND vo = ? AND access = ?',
    [of.kind, of.name, of.vo, of.access],
  );
  return affectedRows > 0;
}

/** Remembers a change and ends it. */
export async function noteChange(tx: Transaction, change: Omit<StatusChange, 'id'>): Promise<void> {
  const { kind, name, vo, access, status, reason, author, at, expiresAt } = change;
  await tx.execute(
    `INSERT INTO resource_status_history (kind, name, vo, access, status, reason, author, set_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [kind, name, vo, access, status, reason, author, at, expiresAt],
  );
  await endChange(tx, at);
}

/** Which changes are wanted: those of a VO and of all VOs; names folded. */
export interface HistoryFilter {
  vo: string;
  kind?: ResourceKind | undefined;
  name?: string | undefined;
  /** Changes with smaller ids only. */
  before?: number | undefined;
  limit: number;
}

/** Changes, newest first. */
export function readHistory(
  database: Queryable,
  { vo, kind, name, before, limit }: HistoryFilter,
): Promise<StatusChange[]> {
  const conditions: [string, unknown][] = [
    ["vo IN ('', ?)", vo],
    ...(kind === undefined ? [] : [['kind = ?', kind] as [string, unknown]]),
    ...(name === undefined ? [] : [['name = ?', name] as [string, unknown]]),
    ...(before === undefined ? [] : [['change_id < ?', before] as [string, unknown]]),
  ];
  return database.query<StatusChange>(
    `SELECT change_id AS id, kind, name, vo, access, status, reason, author, set_at AS at, expires_at AS expiresAt
     FROM resource_status_history WHERE ${conditions.map(([sql]) => sql).join(' AND ')}
     ORDER BY change_id DESC LIMIT ?`,
    [...conditions.map(([, value]) => value), limit],
  );
}
