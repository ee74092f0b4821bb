import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';
import { finalPilotStates, type LogManifest, type PilotStatus } from '../../contract/index.js';
import { type Database, toWire } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import { logKeys } from './log-keys.js';
import { findChunks, findLog } from './log-rows.js';

/** Who ended the log: the pilot itself, or somebody who found it gone. */
export type SealReason = z.output<typeof LogManifest>['sealed_because'];

/**
 * Writes the sealed object and its manifest, marks the log as sealed, then removes the chunks. A crash between any two
 * of these steps leaves a state from which the next call goes on. Answers whether this call sealed it.
 */
export async function sealLog(
  database: Database,
  element: StorageElement,
  stamp: string,
  because: SealReason,
): Promise<boolean> {
  const log = await findLog(database, stamp);
  // A pilot that is not final may still append: it must be moved to a final state first.
  if (log === undefined || log.log_state !== 'open' || !finalPilotStates.includes(log.status as PilotStatus))
    return false;
  const keys = logKeys(log.vo, stamp);
  const rows = await findChunks(database, stamp);
  const folder = await mkdtemp(join(tmpdir(), 'pilotage-seal-'));
  try {
    const path = join(folder, 'log.txt');
    const hash = createHash('sha256');
    let bytes = 0;
    async function* whole(): AsyncGenerator<Buffer> {
      for (const { number } of rows) {
        const chunk = await element.get(keys.chunk(number));
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    }
    await pipeline(Readable.from(whole()), createWriteStream(path, { mode: 0o600 }));
    await element.put(keys.sealed, { path, size: bytes }, { contentType: 'text/plain; charset=utf-8' });
    const manifest: z.output<typeof LogManifest> = {
      stamp,
      vo: log.vo,
      bytes,
      sha256: hash.digest('hex'),
      chunks: rows.map((row) => ({
        number: row.number,
        bytes: row.bytes,
        sha256: row.sha256,
        received_at: toWire(row.received_at),
      })),
      sealed_because: because,
      sealed_at: new Date().toISOString(),
    };
    await element.put(keys.manifest, Buffer.from(JSON.stringify(manifest)), { contentType: 'application/json' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const { affectedRows } = await database.execute(
    "UPDATE pilots SET log_state = 'sealed' WHERE stamp = ? AND log_state = 'open'",
    [stamp],
  );
  await element.remove(rows.map(({ number }) => keys.chunk(number)));
  return affectedRows === 1;
}
