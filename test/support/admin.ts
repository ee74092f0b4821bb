import { main } from '../../src/admin/main.js';
import type { PlatformConfig } from '../../src/platform/index.js';
import { environmentOf } from './program.js';

/** `pilotage admin …` in this process, which has the environment of the installation. */
export async function admin(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const streams = ['stdout', 'stderr'] as const;
  const restore = streams.map((name) => {
    const { write } = process[name];
    process[name].write = (text: string | Uint8Array) => {
      written[name] += String(text);
      return true;
    };
    return () => (process[name].write = write);
  });
  process.exitCode = 0;
  try {
    await main(args);
    return { code: Number(process.exitCode), ...written };
  } finally {
    for (const undo of restore) undo();
    process.exitCode = 0;
  }
}

/** Gives this process the environment of an installation; the returned function takes it back. */
export function inEnvironmentOf(config: PlatformConfig): () => void {
  const before = { ...process.env };
  Object.assign(process.env, environmentOf(config));
  return () => (process.env = before);
}
