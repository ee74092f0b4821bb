import { Refusal } from '../contract/index.js';
import { type Database, toWire, type Transaction, type WakeUps } from '../platform/index.js';
import type { DriverChecks } from './cross-references.js';
import { readConfiguration } from './read-configuration.js';

/** One version that was applied. */
export interface AppliedVersion {
  version: number;
  author: string;
  /** ISO 8601, UTC. */
  appliedAt: string;
}

/** The numbered configurations of an installation. Versions are only ever added. */
export class Configurations {
  constructor(
    private readonly database: Database,
    private readonly wakeUps: Pick<WakeUps, 'wake'>,
    private readonly checks: DriverChecks,
  ) {}

  /**
   * Checks a text and makes it the newest version; `alongside` runs in the same transaction. A text that means the same
   * as the newest version changes nothing.
   */
  async apply(
    text: string,
    author: string,
    alongside: (tx: Transaction, version: number) => Promise<void> = async () => undefined,
  ): Promise<{ version: number; changed: boolean }> {
    const { sha256 } = readConfiguration(text, this.checks);
    const applied = await this.database.withLock('configuration', 30, async () => {
      const newest = await this.database.query<{ version: number; sha256: string }>(
        'SELECT version, sha256 FROM configurations ORDER BY version DESC LIMIT 1',
      );
      if (newest[0]?.sha256 === sha256) return { version: newest[0].version, changed: false };
      const version = await this.database.transaction(async (tx) => {
        const { insertId } = await tx.execute(
          'INSERT INTO configurations (document, sha256, author) VALUES (?, ?, ?)',
          [text, sha256, author],
        );
        await alongside(tx, insertId);
        return insertId;
      });
      return { version, changed: true };
    });
    if (applied === null) throw new Refusal('unavailable', 'Somebody else is applying a configuration; try again');
    if (applied.changed) this.wakeUps.wake('configuration', [applied.version]);
    return applied;
  }

  /** The text of a version as it was applied, of the newest when none is named; null when there is none. */
  async text(version?: number): Promise<{ version: number; text: string } | null> {
    const rows = await this.database.query<{ version: number; text: string }>(
      `SELECT version, document AS text FROM configurations ${version === undefined ? '' : 'WHERE version = ?'}
       ORDER BY version DESC LIMIT 1`,
      version === undefined ? [] : [version],
    );
    return rows[0] ?? null;
  }

  /** The versions, newest first. */
  async history(limit = 50): Promise<AppliedVersion[]> {
    const rows = await this.database.query<{ version: number; author: string; applied_at: string }>(
      'SELECT version, author, applied_at FROM configurations ORDER BY version DESC LIMIT ?',
      [limit],
    );
    return rows.map(({ version, author, applied_at }) => ({ version, author, appliedAt: toWire(applied_at) }));
  }
}
