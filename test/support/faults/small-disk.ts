import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own in memory, small enough to be filled. Only root can make one. */
export class SmallDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'pilotage-disk-'));

  /** Why this machine cannot have one, or null. */
  static readonly missing: string | null = whyNot();

  constructor(megabytes: number) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.folder]);
  }

  /** Takes all the space there is, in a file of this name. */
  fill(name = 'filling'): void {
    for (let size = 1024 ** 2; size >= 1; size = Math.floor(size / 2)) this.fillBy(name, size);
  }

  /** Gives the space back. */
  empty(name = 'filling'): void {
    rmSync(join(this.folder, name), { force: true });
  }

  remove(): void {
    execFileSync('umount', ['--lazy', this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private fillBy(name: string, size: number): void {
    const bytes = Buffer.alloc(size, 1);
    for (;;) {
      try {
        writeFileSync(join(this.folder, name), bytes, { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
  }
}

function whyNot(): string | null {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  const folder = mkdtempSync(join(tmpdir(), 'pilotage-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'pipe' });
    execFileSync('umount', [folder]);
    return null;
  } catch (error) {
    return `this machine mounts nothing: ${(error as Error).message.split('\n')[0]}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
