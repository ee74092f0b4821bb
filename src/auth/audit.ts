import { type Queryable, toWire } from '../platform/index.js';

/** Something that an administrator did, for those who ask later. No secrets in it. */
export interface AuditEntry {
  /** Empty when the whole installation is concerned. */
  vo: string;
  actor: string;
  /** In words with dots: `configuration.apply`, `token.issue`, `key.revoke`. */
  action: string;
  /** What it was done to. */
  subject: string;
  detail?: Record<string, unknown>;
}

/** Writes an entry in the transaction of the act itself, so that neither exists without the other. */
export async function audit(tx: Queryable, { vo, actor, action, subject, detail = {} }: AuditEntry): Promise<void> {
  await tx.execute('INSERT INTO audit (vo, actor, action, subject, detail) VALUES (?, ?, ?, ?, ?)', [
    vo,
    actor,
    action,
    subject,
    JSON.stringify(detail),
  ]);
}

/** Which entries are wanted; a name that ends in `*` means all that begin so. */
export interface AuditFilter {
  vo?: string;
  actor?: string;
  action?: string;
  subject?: string;
  /** Times of the database: from `since` on, before `until`. */
  since?: string;
  until?: string;
  /** Entries with smaller ids only. */
  before?: number;
}

/** The latest entries, newest first. */
export async function readAudit(
  database: Queryable,
  limit: number,
  { vo, actor, action, subject, since, until, before }: AuditFilter = {},
): Promise<(Required<AuditEntry> & { id: number; at: string })[]> {
  const conditions = [
    ...Object.entries({ vo, actor, action, subject }).flatMap(([column, text]) => matching(column, text)),
    ...(since === undefined ? [] : [{ sql: 'at >= ?', value: since }]),
    ...(until === undefined ? [] : [{ sql: 'at < ?', value: until }]),
    ...(before === undefined ? [] : [{ sql: 'audit_id < ?', value: before }]),
  ];
  const rows = await database.query<Omit<Required<AuditEntry>, 'detail'> & { id: number; at: string; detail: string }>(
    `SELECT audit_id AS id, at, vo, actor, action, subject, detail FROM audit
     WHERE ${['TRUE', ...conditions.map(({ sql }) => sql)].join(' AND ')} ORDER BY audit_id DESC LIMIT ?`,
    [...conditions.map(({ value }) => value), limit],
  );
  return rows.map((row) => ({
    ...row,
    at: toWire(row.at),
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  }));
}

function matching(column: string, text: string | undefined): { sql: string; value: string }[] {
  if (text === undefined) return [];
  if (!text.endsWith('*')) return [{ sql: `${column} = ?`, value: text }];
  return [{ sql: `${column} LIKE ?`, value: `${text.slice(0, -1).replaceAll(/[\\%_]/g, '\\$&')}%` }];
}
