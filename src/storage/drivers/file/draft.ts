import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nullIfMissing } from './missing.js';

/** Drafts that a crash left behind are older than any upload lasts. */
const abandonedAfter = 24 * 3600 * 1000;
/** Sandboxes and logs are nobody's but their owners': other accounts of the host see nothing of them. */
const folderMode = 0o750;
const fileMode = 0o640;
/** How often a folder may be pruned away between its making and its use. */
const mostRaces = 20;

/** A file that is written aside and takes its place at once, or leaves nothing behind. */
export class Draft {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Begins a draft in `folder`, which must be on the file system of the final place. */
  static async open(folder: string): Promise<Draft> {
    await mkdir(folder, { recursive: true, mode: folderMode });
    const path = join(folder, randomUUID());
    return new Draft(path, await open(path, 'wx', fileMode));
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.handle.appendFile(chunk);
  }

  /** Puts the draft in place of `target`: atomic for readers, on disk when it returns. */
  async commit(target: string): Promise<void> {
    await this.handle.sync();
    await this.handle.close();
    const firstNew = await this.moveTo(target);
    const highest = dirname(firstNew ?? target);
    for (let folder = dirname(target); folder.length >= highest.length; folder = dirname(folder))
      await syncFolder(folder);
  }

  /** Removes the draft; harmless at any time, also after a commit. */
  async discard(): Promise<void> {
    await this.handle.close();
    await rm(this.path, { force: true });
  }

  /** The first folder that had to be made. */
  private async moveTo(target: string): Promise<string | undefined> {
    for (let races = 0; ; races++) {
      const firstNew = await mkdir(dirname(target), { recursive: true, mode: folderMode });
      try {
        await rename(this.path, target);
        return firstNew;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || races === mostRaces) throw error;
      }
    }
  }
}

/** Removes drafts that were abandoned more than a day before `now` (milliseconds). */
export async function removeAbandoned(folder: string, now: number): Promise<void> {
  for (const name of (await readdir(folder).catch(nullIfMissing)) ?? []) {
    const path = join(folder, name);
    const found = await stat(path).catch(nullIfMissing);
    if (found !== null && found.mtimeMs < now - abandonedAfter) await rm(path, { force: true });
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
