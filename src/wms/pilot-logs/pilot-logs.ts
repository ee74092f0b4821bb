import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import {
  finalPilotStates,
  lastWordsLimit,
  type LogManifest,
  type PilotStatus,
  Refusal,
  stampPattern,
  type StorageAccess,
} from '../../contract/index.js';
import { Database, isDuplicate, WakeUps } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import type { z } from 'zod';
import { StorageGate } from '../resource-status/storage-gate.js';
import { logKeys } from './log-keys.js';
import { type ChunkRow, findChunks, findLog, type LogRow } from './log-rows.js';
import { sealLog, type SealReason } from './seal-log.js';

/**
 * The logs of pilots, in a storage element: numbered chunks while the pilot lives, one object with a manifest when it
 * has ended, however it ended.
 */
@Injectable()
export class PilotLogs {
  constructor(
    private readonly database: Database,
    private readonly gate: StorageGate,
    private readonly configuration: CurrentConfiguration,
    private readonly wakeUps: WakeUps,
  ) {}

  /**
   * Stores one chunk durably. The same number again changes nothing; a gap, a log beyond its limit and a pilot that has
   * ended are refused. The `last` words of a full log may exceed its limit a little.
   */
  async append(stamp: string, number: number, text: string, last = false): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    const log = await this.existing(stamp);
    const next = await this.nextNumber(stamp);
    if (number < next) return;
    this.gate.pass(this.name, log.vo, 'write');
    if (number > next) throw new Refusal('log-chunk-gap', `Chunk ${next} is missing; send it first`);
    this.refuseAppending(log, bytes.length, last);
    // Bytes first, row second: a chunk that the database knows is always there to be read.
    await this.element().put(logKeys(log.vo, stamp).chunk(number), bytes, { contentType: 'text/plain; charset=utf-8' });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    try {
      await this.database.transaction(async (tx) => {
        const locked = await findLog(tx, stamp, true);
        if (locked === undefined) throw new Refusal('pilot-not-found');
        this.refuseAppending(locked, bytes.length, last);
        await tx.execute('INSERT INTO pilot_log_chunks (stamp, number, bytes, sha256) VALUES (?, ?, ?, ?)', [
          stamp,
          number,
          bytes.length,
          sha256,
        ]);
        await tx.execute("UPDATE pilots SET log_state = 'open', log_bytes = log_bytes + ? WHERE stamp = ?", [
          bytes.length,
          stamp,
        ]);
      });
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    this.wakeUps.wake('log', [stamp]);
  }

  /** The log of a pilot of this VO, or a refusal that does not tell foreign pilots from unknown ones. */
  async find(vo: string, stamp: string): Promise<LogRow> {
    const log = await findLog(this.database, stamp);
    if (log === undefined || log.vo !== vo) throw new Refusal('pilot-not-found', `There is no pilot ${stamp}`);
    return log;
  }

  /** The same, refused while logs may not be read. */
  async findReadable(vo: string, stamp: string): Promise<LogRow> {
    const log = await this.find(vo, stamp);
    this.gate.pass(this.name, vo, 'read');
    return log;
  }

  /** The text from byte `from` on. Bytes that are not UTF-8 cannot occur: chunks are stored as text. */
  async read(vo: string, stamp: string, from: number): Promise<Readable> {
    const log = await this.find(vo, stamp);
    if (log.log_state === 'none') throw new Refusal('log-not-found', `Pilot ${stamp} has sent no log yet`);
    this.gate.pass(this.name, vo, 'read');
    if (log.log_state === 'sealed') return this.element().stream(logKeys(vo, stamp).sealed, { from });
    return Readable.from(this.chunkBytes(log, await findChunks(this.database, stamp), from));
  }

  /** Chunks from number `first` on, with their text; whatever the state of the log. */
  async *chunks(log: LogRow, first: number): AsyncGenerator<{ number: number; text: string }> {
    this.gate.pass(this.name, log.vo, 'read');
    const rows = await findChunks(this.database, log.stamp);
    const state = (await findLog(this.database, log.stamp))?.log_state;
    const keys = logKeys(log.vo, log.stamp);
    const sealed = state === 'sealed' ? await this.element().get(keys.sealed) : null;
    let offset = 0;
    for (const row of rows) {
      const end = offset + row.bytes;
      if (row.number >= first) {
        const bytes = sealed === null ? await this.element().get(keys.chunk(row.number)) : sealed.subarray(offset, end);
        yield { number: row.number, text: bytes.toString('utf8') };
      }
      offset = end;
    }
  }

  async manifest(vo: string, stamp: string): Promise<z.output<typeof LogManifest>> {
    const log = await this.find(vo, stamp);
    if (log.log_state !== 'sealed') throw new Refusal('log-not-found', `The log of pilot ${stamp} is not sealed yet`);
    this.gate.pass(this.name, vo, 'read');
    return JSON.parse((await this.element().get(logKeys(vo, stamp).manifest)).toString('utf8')) as z.output<
      typeof LogManifest
    >;
  }

  /**
   * Seals the log of a pilot that has ended: one object, a manifest, then the chunks go. Repeating it is harmless. While
   * the storage element is closed for any of this, the log stays open.
   */
  async seal(stamp: string, because: SealReason): Promise<boolean> {
    const log = await findLog(this.database, stamp);
    if (log === undefined || this.isClosed(log.vo, ['read', 'write', 'remove'])) return false;
    const sealed = await sealLog(this.database, this.element(), stamp, because);
    if (sealed) this.wakeUps.wake('log', [stamp]);
    return sealed;
  }

  /** Stamps of pilots that have ended while their log is open, oldest first. */
  async unsealed(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ stamp: string }>(
      "SELECT stamp FROM pilots WHERE log_state = 'open' AND status IN (?) ORDER BY last_update_time LIMIT ?",
      [finalPilotStates, limit],
    );
    return rows.map(({ stamp }) => stamp);
  }

  /** Removes everything that is stored of these logs; for pilots whose rows are about to go. */
  async remove(pilots: readonly { vo: string; stamp: string }[]): Promise<void> {
    for (const { vo, stamp } of pilots) {
      // Pilots that something else started bear any name, perhaps one that no key can hold; they have no log here.
      if (!stampPattern.test(stamp)) continue;
      const keys: string[] = [];
      for await (const { key } of this.element().list(logKeys(vo, stamp).folder, 100_000)) keys.push(key);
      await this.element().remove(keys);
      await this.database.execute('DELETE FROM pilot_log_chunks WHERE stamp = ?', [stamp]);
    }
  }

  private async existing(stamp: string): Promise<LogRow> {
    const log = await findLog(this.database, stamp);
    if (log === undefined) throw new Refusal('pilot-not-found');
    return log;
  }

  private async nextNumber(stamp: string): Promise<number> {
    const [row] = await this.database.query<{ last: number | null }>(
      'SELECT MAX(number) AS last FROM pilot_log_chunks WHERE stamp = ?',
      [stamp],
    );
    return row?.last === null || row === undefined ? 0 : row.last + 1;
  }

  private refuseAppending(log: LogRow, bytes: number, last: boolean): void {
    if (log.log_state === 'sealed' || finalPilotStates.includes(log.status as PilotStatus)) {
      throw new Refusal('pilot-ended', 'The pilot has ended and its log is closed');
    }
    const limit = this.configuration.get().document.pilots.max_log_bytes;
    if (log.log_bytes + bytes > limit + (last ? lastWordsLimit : 0)) {
      throw new Refusal('log-too-large', `A pilot log holds at most ${limit} bytes; keep its end for the last words`);
    }
  }

  private async *chunkBytes(log: LogRow, rows: ChunkRow[], from: number): AsyncGenerator<Buffer> {
    let offset = 0;
    for (const row of rows) {
      const skip = Math.max(0, from - offset);
      offset += row.bytes;
      if (skip < row.bytes)
        yield (await this.element().get(logKeys(log.vo, log.stamp).chunk(row.number))).subarray(skip);
    }
  }

  private isClosed(vo: string, accesses: readonly StorageAccess[]): boolean {
    return accesses.some((access) => this.gate.refusal(this.name, vo, access) !== null);
  }

  private get name(): string {
    return this.configuration.get().document.storage.pilot_logs;
  }

  private element(): StorageElement {
    return this.gate.elements.get(this.name);
  }
}
