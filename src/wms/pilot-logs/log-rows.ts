import type { Queryable } from '../../platform/index.js';

/** What the database knows of a pilot's log. */
export interface LogRow {
  stamp: string;
  vo: string;
  status: string;
  log_state: 'none' | 'open' | 'sealed';
  log_bytes: number;
}

/** One stored chunk; times as the database writes them. */
export interface ChunkRow {
  number: number;
  bytes: number;
  sha256: string;
  received_at: string;
}

/** The log of a pilot, or undefined when there is no such pilot. With `lock` it stays as it is until the transaction ends. */
export async function findLog(tx: Queryable, stamp: string, lock = false): Promise<LogRow | undefined> {
  const [row] = await tx.query<LogRow>(
    `SELECT stamp, vo, status, log_state, log_bytes FROM pilots WHERE stamp = ?${lock ? ' FOR UPDATE' : ''}`,
    [stamp],
  );
  return row;
}

/** The chunks of a log from `first` on, in order. */
export function findChunks(tx: Queryable, stamp: string, first = 0): Promise<ChunkRow[]> {
  return tx.query<ChunkRow>(
    'SELECT number, bytes, sha256, received_at FROM pilot_log_chunks WHERE stamp = ? AND number >= ? ORDER BY number',
    [stamp, first],
  );
}
