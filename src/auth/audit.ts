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

/** The latest entries, newest first. */
export async function readAudit(database: Queryable, limit: number): Promise<(AuditEntry & { at: string })[]> {
  const rows = await database.query<{
    at: string;
    vo: string;
    actor: string;
    action: string;
    subject: string;
    detail: string;
  }>('SELECT at, vo, actor, action, subject, detail FROM audit ORDER BY audit_id DESC LIMIT ?', [limit]);
  return rows.map((row) => ({
    ...row,
    at: toWire(row.at),
    detail: JSON.parse(row.detail) as Record<string, unknown>,
  }));
}
