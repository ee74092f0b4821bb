import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Database } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import { type ArchiveLine, readLines } from './archive-lines.js';
import { type ArchiveRow, findArchive, presentMembers } from './archive-rows.sql.js';
import { digestOf, readJobRecords, readPilotReferences } from './job-records.sql.js';

/** What was written into an object. */
export interface WrittenArchive {
  bytes: number;
  /** Of the object as it is stored, 64 hexadecimal digits. */
  sha256: string;
  /** Of every job in it. */
  digests: Map<number, Buffer>;
}

/** Jobs that are read at a time. */
const jobsAtOnce = 200;

/**
 * Writes the object of an archive and reads it back: what this returns is in the storage element, byte for byte, and can
 * be unpacked. Writing again replaces the object.
 */
export async function writeArchive(
  database: Database,
  element: StorageElement,
  archive: ArchiveRow,
  signal: AbortSignal,
): Promise<WrittenArchive> {
  const folder = await mkdtemp(join(tmpdir(), 'pilotage-archive-'));
  try {
    const path = join(folder, 'jobs.ndjson.gz');
    const digests = new Map<number, Buffer>();
    const { tap, sum } = summing();
    const lines = Readable.from(linesOf(database, archive, digests));
    await pipeline(lines, createGzip(), tap, createWriteStream(path, { mode: 0o600 }), { signal });
    const { bytes, sha256 } = sum();
    // Somebody who lost the lock of the installation must not replace the object of jobs that are gone by now.
    const state = (await findArchive(database, archive.archive_id))?.state;
    if (state !== 'open') throw new Error(`Somebody else has finished the archive ${archive.object_key} meanwhile`);
    await element.put(archive.object_key, { path, size: bytes }, { contentType: 'application/gzip', signal });
    const found = await readBack(element, archive, signal);
    if (found.sha256 !== sha256 || found.bytes !== bytes || found.jobs !== digests.size) {
      throw new Error(`The archive ${archive.object_key} in ${element.name} is not what was written`);
    }
    return { bytes, sha256, digests };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Size, SHA-256 and number of jobs of the object of an archive, as the storage element gives it. */
export async function readBack(
  element: StorageElement,
  { object_key, archive_id }: ArchiveRow,
  signal?: AbortSignal,
): Promise<{ bytes: number; sha256: string; jobs: number }> {
  const { tap, sum } = summing();
  const source = await element.stream(object_key, signal === undefined ? {} : { signal });
  source.on('error', (error) => tap.destroy(error));
  let jobs = 0;
  try {
    for await (const line of readLines(source.pipe(tap))) {
      if (line.kind === 'job') jobs += 1;
      if (line.kind === 'archive' && line.archive !== archive_id) {
        throw new Error(`${object_key} holds archive ${line.archive} and not ${archive_id}`);
      }
    }
  } finally {
    source.destroy();
  }
  return { ...sum(), jobs };
}

async function* linesOf(database: Database, archive: ArchiveRow, digests: Map<number, Buffer>): AsyncGenerator<string> {
  const members = await presentMembers(database, archive.archive_id);
  const { archive_id, vo } = archive;
  yield print({ kind: 'archive', format: 1, archive: archive_id, vo, jobs: members.length });
  let described = 0;
  for (let start = 0; start < members.length; start += jobsAtOnce) {
    const part = members.slice(start, start + jobsAtOnce);
    const records = await readJobRecords(database, part);
    const stamps = [...records.values()].flatMap(({ attempts }) => attempts.map((row) => String(row['pilot_stamp'])));
    const pilots = await readPilotReferences(database, [...new Set(stamps)]);
    for (const id of part) {
      const record = records.get(id);
      if (record === undefined) continue;
      const { description_id } = record.job;
      if (description_id !== described) yield await describe(database, description_id);
      described = description_id;
      digests.set(id, digestOf(record));
      const of = new Set(record.attempts.map((row) => String(row['pilot_stamp'])));
      yield print({ kind: 'job', ...record, pilots: [...of].map((stamp) => pilots.get(stamp) ?? { stamp }) as never });
    }
  }
}

async function describe(database: Database, id: number): Promise<string> {
  const [row] = await database.query<{ document: string; jdl: string | null; created_at: string }>(
    'SELECT document, jdl, created_at FROM job_descriptions WHERE description_id = ?',
    [id],
  );
  return print({
    kind: 'description',
    description_id: id,
    ...(row ?? { document: null, jdl: null, created_at: null }),
  });
}

function print(line: ArchiveLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** A stream that lets everything through, and the size and SHA-256 of what went through it. */
function summing(): { tap: PassThrough; sum(): { bytes: number; sha256: string } } {
  const hash = createHash('sha256');
  let bytes = 0;
  const tap = new PassThrough({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { tap, sum: () => ({ bytes, sha256: hash.digest('hex') }) };
}
