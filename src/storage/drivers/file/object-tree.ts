import { readdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { StoredObject } from '../../storage-element.js';
import { Draft, removeAbandoned } from './draft.js';
import { nullIfMissing } from './missing.js';

// Folders carry a character that no key has, so that `a` and `a/b` can both be objects.
const folderMark = '+';

/** Where the objects of a file storage element lie, and where uploads wait until they are whole. */
export class ObjectTree {
  private readonly objects: string;
  private readonly incoming: string;
  private swept: Promise<void> | null = null;

  constructor(
    root: string,
    private readonly now: () => number,
  ) {
    this.objects = join(root, 'objects');
    this.incoming = join(root, 'incoming');
  }

  /** The file of a checked key. */
  pathOf(key: string): string {
    const segments = key.split('/');
    const file = segments.pop() ?? '';
    return join(this.objects, ...segments.map((segment) => segment + folderMark), file);
  }

  /** A new object, not yet at its place. The first one removes what crashes have left behind. */
  async draft(): Promise<Draft> {
    this.swept ??= removeAbandoned(this.incoming, this.now()).catch((error: unknown) => {
      this.swept = null;
      throw error;
    });
    await this.swept;
    return Draft.open(this.incoming);
  }

  /** Removes the folders above a removed file that are empty now. */
  async prune(path: string): Promise<void> {
    for (let folder = dirname(path); folder.length > this.objects.length; folder = dirname(folder)) {
      const gone = await rmdir(folder).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return true;
          if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false;
          throw error;
        },
      );
      if (!gone) return;
    }
  }

  /** The objects whose keys begin with `prefix`, ascending by key. */
  list(prefix: string): AsyncGenerator<StoredObject> {
    return walk(this.objects, '', prefix);
  }
}

async function* walk(folder: string, above: string, prefix: string): AsyncGenerator<StoredObject> {
  for (const { path, key, isFolder } of await entriesOf(folder, above)) {
    if (isFolder) {
      if (key.startsWith(prefix) || prefix.startsWith(key)) yield* walk(path, key, prefix);
    } else if (key.startsWith(prefix)) {
      const found = await stat(path).catch(nullIfMissing);
      if (found !== null) yield { key, size: found.size, modifiedAt: found.mtime };
    }
  }
}

async function entriesOf(folder: string, above: string): Promise<{ path: string; key: string; isFolder: boolean }[]> {
  const found = (await readdir(folder, { withFileTypes: true }).catch(nullIfMissing)) ?? [];
  const entries = found.map((entry) => {
    const isFolder = entry.isDirectory();
    const name = isFolder ? `${entry.name.slice(0, -folderMark.length)}/` : entry.name;
    return { path: join(folder, entry.name), key: above + name, isFolder };
  });
  // A folder sorts with its slash: that is the order of the whole keys.
  return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
}
