import { readFile } from 'node:fs/promises';
import type { Database } from './database.js';
import type { PilotFile } from './pilot-files.js';

const mostInMemory = 4;

/**
 * Pilot files in the database, by content. Pilots in the queue of a CE were told the hash of their own version's bundle;
 * they get it from servers of any version. Runtimes (100 MB) are not kept here: they change with Node, not with versions.
 */
export class KeptPilotFiles {
  private readonly recent = new Map<string, Promise<Buffer | null>>();

  constructor(private readonly database: Database) {}

  /** Keeps a file. Doing so again changes nothing. */
  async keep({ sha256, name, path }: PilotFile): Promise<void> {
    const known = await this.database.query('SELECT 1 AS known FROM pilot_files WHERE sha256 = ? AND name = ?', [
      sha256,
      name,
    ]);
    if (known.length > 0) return;
    const content = await readFile(path);
    await this.database.execute('INSERT IGNORE INTO pilot_files (sha256, name, content) VALUES (?, ?, ?)', [
      sha256,
      name,
      content,
    ]);
  }

  /** The content of a file that was kept, or null. */
  find(sha256: string, name: string): Promise<Buffer | null> {
    const key = `${sha256} ${name}`;
    const known = this.recent.get(key);
    if (known !== undefined) return known;
    const reading = this.read(sha256, name);
    const [oldest] = this.recent.keys();
    if (this.recent.size >= mostInMemory && oldest !== undefined) this.recent.delete(oldest);
    this.recent.set(key, reading);
    // Only what was found is remembered: a file may be kept at any time.
    const forget = (): boolean => this.recent.delete(key);
    reading.then((content) => content === null && forget(), forget);
    return reading;
  }

  private async read(sha256: string, name: string): Promise<Buffer | null> {
    const [row] = await this.database.query<{ content: Buffer }>(
      'SELECT content FROM pilot_files WHERE sha256 = ? AND name = ?',
      [sha256, name],
    );
    return row?.content ?? null;
  }
}
