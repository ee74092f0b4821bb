import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Milliseconds after which somebody who holds the door must have died in it. */
const longestTurn = 10_000;

/**
 * Which pilot of this host uses which user id: several pilots may be given the same range, and one that ends the
 * processes of a user id must not meet another's. A reservation outlives its pilot for as long as the pilot's guard
 * still kills. Files below a folder that only root may write; they need not survive a reboot.
 */
export class UidReservations {
  constructor(
    /** The pilot's directory: stands in the environment of the pilot and its wrapper, and in the arguments of its guard. */
    private readonly holder: string,
    private readonly folder: string = existsSync('/run') ? '/run/pilotage-uids' : '/tmp/pilotage-uids',
  ) {}

  /** Reserves the first free id of a range; undefined when all are taken. */
  take(first: number, last: number): number | undefined {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    return this.alone(() => {
      for (let uid = first; uid <= last; uid += 1) {
        const path = this.pathOf(uid);
        if (existsSync(path) && isAlive(readFileSync(path, 'utf8'))) continue;
        writeFileSync(path, this.holder, { mode: 0o600 });
        return uid;
      }
      return undefined;
    });
  }

  /** Gives an id back; nothing may run under it any more. */
  release(uid: number): void {
    rmSync(this.pathOf(uid), { force: true });
  }

  private pathOf(uid: number): string {
    return join(this.folder, String(uid));
  }

  /** One pilot at a time: making a folder is atomic. */
  private alone<T>(body: () => T): T {
    const door = join(this.folder, 'door');
    for (;;) {
      try {
        mkdirSync(door);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const since = statSync(door, { throwIfNoEntry: false })?.mtimeMs;
        if (since !== undefined && Date.now() - since > longestTurn) rmSync(door, { recursive: true, force: true });
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      }
    }
    try {
      return body();
    } finally {
      rmdirSync(door);
    }
  }
}

/** Whether the pilot of a directory, its wrapper or its guard still lives. */
function isAlive(directory: string): boolean {
  // Its pilot died before it had written its name.
  if (directory === '') return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => ['environ', 'cmdline'].some((file) => read(`/proc/${pid}/${file}`).includes(directory)));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // Processes end while we read about them.
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return '';
    throw error;
  }
}
