import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bootId, factsOf } from './processes.js';

/**
 * A lock between the processes of one machine: a file that names its holder. A holder that died is found out by its pid
 * and start time, so a crash never blocks others.
 */
export class Guard {
  private readonly path: string;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(private readonly folder: string) {
    this.path = join(folder, 'guard');
  }

  /** Runs `body` while nobody else holds the guard. */
  hold<T>(signal: AbortSignal, body: () => Promise<T>): Promise<T> {
    const turn = this.queue.then(async () => {
      await this.take(signal);
      try {
        return await body();
      } finally {
        await rm(this.path, { force: true });
      }
    });
    // The next in line waits for this one, whether it succeeds or fails.
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async take(signal: AbortSignal): Promise<void> {
    const own = join(this.folder, `guard.${randomUUID()}`);
    const facts = await factsOf(process.pid);
    await writeFile(own, `${process.pid} ${facts?.start ?? ''} ${await bootId()}`);
    try {
      for (;;) {
        signal.throwIfAborted();
        try {
          await link(own, this.path);
          return;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        }
        if (await this.isAbandoned()) await this.putAside();
        else await delay(10);
      }
    } finally {
      await rm(own, { force: true });
    }
  }

  private async isAbandoned(): Promise<boolean> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return false;
    const [pid, start, boot] = text.split(' ');
    return boot !== (await bootId()) || (await factsOf(Number(pid)))?.start !== start;
  }

  private async putAside(): Promise<void> {
    const aside = join(this.folder, `guard.${randomUUID()}`);
    try {
      await rename(this.path, aside);
    } catch (error) {
      // Somebody else put it aside first.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await rm(aside, { force: true });
  }
}
