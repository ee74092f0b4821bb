import { Writable } from 'node:stream';
import { Parser, type ReadEntry, Unpack } from 'tar';
import { decompressInto } from './archive-stream.js';
import { type ArchiveLimits, ArchiveRules } from './archive-rules.js';
import { UnsafeArchive } from './unsafe-archive.js';

/** 10,000 entries and 2 GiB: what a sandbox may unpack to unless the caller says otherwise. */
export const sandboxLimits: ArchiveLimits = { entries: 10_000, bytes: 2 * 1024 ** 3 };

/**
 * Unpacks a sandbox (tar, plain or compressed with gzip, bzip2 or zstd) into an existing folder and gives the names of
 * its entries. All entries are checked first; a bad one throws {@link UnsafeArchive} and nothing is written. Owners are
 * dropped, and so are the set-uid, set-gid and sticky bits.
 */
export async function unpackSandbox(file: string, folder: string, limits = sandboxLimits): Promise<string[]> {
  const names = await checkSandbox(file, limits);
  const unpack = new Unpack({
    cwd: folder,
    strict: true,
    preserveOwner: false,
    preservePaths: false,
    filter: (_, entry) => {
      const read = entry as ReadEntry;
      read.mode = ((read.mode ?? 0o644) & 0o777) | (read.type === 'Directory' ? 0o700 : 0o600);
      return true;
    },
  });
  await feed(file, limits, unpack);
  return names;
}

/** Reads through an archive and refuses a bad one; gives the names of its entries. Writes nothing. */
export async function checkSandbox(file: string, limits = sandboxLimits): Promise<string[]> {
  const rules = new ArchiveRules(limits);
  const names: string[] = [];
  let refused: unknown;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      try {
        if (refused === undefined) rules.admit(entry);
        names.push(entry.path);
      } catch (error) {
        refused = error;
      }
      entry.resume();
    },
  });
  await feed(file, limits, parser, () => refused);
  rules.complete();
  return names;
}

type Tar = Parser | Unpack;

/** Writes the tar stream of a file into a reader of tar and waits until it has done all its work. */
async function feed(
  file: string,
  limits: ArchiveLimits,
  tar: Tar,
  refused: () => unknown = () => undefined,
): Promise<void> {
  let failure: unknown;
  const finished = new Promise<void>((resolve, reject) => {
    tar.once(tar instanceof Unpack ? 'close' : 'end', () => resolve());
    tar.on('error', (error: unknown) => {
      failure ??= error;
      reject(error);
    });
  });
  const sink = new Writable({
    write(chunk: Buffer, _, done) {
      const stop = (): unknown => failure ?? refused();
      const flowing = tar.write(chunk);
      if (stop() !== undefined) return done(stop() as Error);
      if (flowing) done();
      else tar.once('drain', () => done());
    },
    final(done) {
      tar.end();
      done();
    },
  });
  finished.catch(() => sink.destroy(failure as Error));
  // Headers, padding and long names come on top of the content.
  try {
    await decompressInto(file, limits.bytes + limits.entries * 4096 + 1024 ** 2, sink);
    await finished;
  } catch (error) {
    throw isArchiveTrouble(error) ? new UnsafeArchive('', error.message) : error;
  }
}

function isArchiveTrouble(error: unknown): error is Error {
  const { code, tarCode } = error as { code?: unknown; tarCode?: unknown };
  return tarCode !== undefined || (typeof code === 'string' && code.startsWith('Z_'));
}
