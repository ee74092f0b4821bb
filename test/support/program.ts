import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformConfig } from '../../src/platform/index.js';

/** The environment of a process with these settings. */
export function environmentOf(config: PlatformConfig): Record<string, string> {
  const keyFile = join(mkdtempSync(join(tmpdir(), 'pilotage-key-')), 'master.key');
  writeFileSync(keyFile, config.masterKey.toString('hex'), { mode: 0o600 });
  return {
    PATH: process.env.PATH ?? '',
    PILOTAGE_DATABASE_URL: config.databaseUrl,
    PILOTAGE_REDIS_URL: config.redisUrl,
    PILOTAGE_REDIS_PREFIX: config.redisPrefix,
    PILOTAGE_PUBLIC_URL: config.publicUrl,
    PILOTAGE_LISTEN: `${config.listen.host}:${config.listen.port}`,
    PILOTAGE_MASTER_KEY_FILE: keyFile,
    PILOTAGE_DATA_DIR: config.dataDir,
    PILOTAGE_DRAIN_SECONDS: String(config.drainSeconds),
    PILOTAGE_LOG_LEVEL: 'info',
  };
}

/** A program of the build as a process of its own. */
export class Program {
  stdout = '';
  stderr = '';
  readonly process: ChildProcess;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;

  /** With `ipc` the program may send messages; see the `message` event of `process`. */
  constructor(args: string[], env: Record<string, string>, { ipc = false } = {}) {
    const stdio = ['ignore', 'pipe', 'pipe', ...(ipc ? ['ipc' as const] : [])] as const;
    this.process = spawn(process.execPath, args, { env, stdio: [...stdio] });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.process.on('close', (code, signal) => resolve(code ?? signal ?? -1));
    });
  }

  /** Runs a program to its end. */
  static async run(
    args: string[],
    env: Record<string, string>,
  ): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
    const program = new Program(args, env);
    const code = await program.ended;
    return { code, stdout: program.stdout, stderr: program.stderr };
  }
}

/** Waits until a server says where it listens. */
export async function listening(program: Program): Promise<string> {
  for (;;) {
    const url = /"message":"The server listens","url":"([^"]+)"/.exec(program.stdout)?.[1];
    if (url !== undefined) return url;
    const ended = await Promise.race([program.ended, new Promise((resolve) => setTimeout(resolve, 50))]);
    if (ended !== undefined) throw new Error(`The server ended with ${String(ended)}: ${program.stderr}`);
  }
}
