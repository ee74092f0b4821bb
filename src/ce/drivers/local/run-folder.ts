import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { outputLimit, type Program } from '../../computing-element.js';
import type { ProcessName } from './processes.js';

const Plan = z.object({
  arguments: z.array(z.string()),
  environment: z.record(z.string(), z.string()),
  processors: z.number(),
  queue: z.string(),
  /** Milliseconds since 1970. */
  submittedAt: z.number(),
});
/** How a run is to be started. */
export type Plan = z.output<typeof Plan>;

/** What the files of a run say. */
export interface RunFacts {
  plan: Plan;
  process: ProcessName | null;
  exitCode: number | null;
  /** Since when it is to be stopped (ms since 1970), or null. */
  stopSince: number | null;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function text(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/**
 * The folder of one run: `plan.json`, `work/program` and its files, and what happens to it: `process`, `stdout`, `stderr`,
 * `exit`, `stop`. It appears complete, by one rename, so a run exists or does not.
 */
export class RunFolder {
  constructor(readonly path: string) {}

  /** Makes the folder; false when the run exists already. */
  async create(program: Program, plan: Plan): Promise<boolean> {
    if ((await text(join(this.path, 'plan.json'))) !== null) return false;
    const draft = `${this.path}.${randomUUID()}`;
    await mkdir(join(draft, 'work'), { recursive: true, mode: 0o700 });
    try {
      await writeFile(join(draft, 'plan.json'), JSON.stringify(plan), { mode: 0o600 });
      for (const { name, content } of program.files) {
        await writeFile(join(draft, 'work', name), content, { mode: 0o600 });
      }
      await writeFile(join(draft, 'work', 'program'), program.script, { mode: 0o700 });
      await rename(draft, this.path);
      return true;
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }

  /** What is known, or null when there is no such run. */
  async read(): Promise<RunFacts | null> {
    const plan = await text(join(this.path, 'plan.json'));
    if (plan === null) return null;
    // The process is read before the exit code: a run without a process has not ended.
    const named = await text(join(this.path, 'process'));
    const exit = await text(join(this.path, 'exit'));
    const [pid = '', start = '', boot = ''] = named?.trim().split(' ') ?? [];
    return {
      plan: Plan.parse(JSON.parse(plan)),
      process: named === null ? null : { pid: Number(pid), start, boot },
      exitCode: exit === null ? null : Number(exit),
      stopSince: await this.stopSince(),
    };
  }

  /** Notes that the run is to be stopped; the first note counts. */
  async askToStop(): Promise<void> {
    try {
      await writeFile(join(this.path, 'stop'), '', { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }

  /** The last {@link outputLimit} bytes of a stream; empty when nothing was written. */
  async tail(stream: 'stdout' | 'stderr'): Promise<string> {
    try {
      const file = await open(join(this.path, stream), 'r');
      try {
        const { size } = await file.stat();
        const from = Math.max(0, size - outputLimit);
        const buffer = Buffer.alloc(Math.min(size, outputLimit));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
        return buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch (error) {
      if (isMissing(error)) return '';
      throw error;
    }
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }

  private async stopSince(): Promise<number | null> {
    try {
      return (await stat(join(this.path, 'stop'))).mtimeMs;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  }
}
