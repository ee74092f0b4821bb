import { type ChildProcess, spawn } from 'node:child_process';
import { readBounded, readEnd } from './bounded-body.js';
import { ComputingElementError } from './errors.js';

/** A command to run on this machine, and how much of it to bear. */
export interface CommandOrder {
  /** Absolute path. */
  path: string;
  arguments: readonly string[];
  /** All of its environment: nothing of ours is passed on. */
  environment: Readonly<Record<string, string>>;
  folder: string;
  /** What it reads; nothing when absent. */
  input?: string;
  /** Most bytes of its standard output. */
  limit: number;
  signal: AbortSignal;
}

export interface CommandEnd {
  /** Null when a signal ended it. */
  exitCode: number | null;
  stdout: string;
  /** The end of it, at most {@link stderrLimit} bytes. */
  stderr: string;
}

/** Most bytes that are kept of standard error. */
export const stderrLimit = 65_536;

/**
 * Runs a command to its end in a process group of its own. When the signal is aborted, or it writes more than it may, the
 * whole group is killed, and the call ends although somebody who left the group may hold the pipes. Throws the signal's
 * reason, or `protocol` with the path when the command cannot be started or writes too much.
 */
export async function runBounded(order: CommandOrder): Promise<CommandEnd> {
  order.signal.throwIfAborted();
  const child = spawn(order.path, order.arguments, {
    cwd: order.folder,
    env: order.environment,
    detached: true,
    stdio: 'pipe',
  });
  const kill = (): void => killGroup(child);
  order.signal.addEventListener('abort', kill, { once: true });
  // It may end without reading; what it says then tells more than our broken pipe.
  child.stdin.on('error', () => undefined);
  child.stdin.end(order.input ?? '');
  try {
    const [exitCode, stdout, stderr] = await Promise.all([
      exitOf(child),
      readBounded(child.stdout, order.limit, `What ${order.path} writes`),
      readEnd(child.stderr, { keep: stderrLimit, limit: Infinity, what: '' }),
    ]);
    order.signal.throwIfAborted();
    return { exitCode, stdout: stdout.toString('utf8'), stderr: stderr.toString('utf8') };
  } catch (error) {
    kill();
    order.signal.throwIfAborted();
    if (error instanceof ComputingElementError) throw error;
    throw new ComputingElementError('protocol', `Cannot run ${order.path}: ${(error as Error).message}`, error);
  } finally {
    order.signal.removeEventListener('abort', kill);
  }
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code));
  });
}

function killGroup(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch (error) {
    // All of the group have ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
