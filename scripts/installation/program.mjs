import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { endProcess, guard } from '../services/guard.mjs';
import { root } from '../root.mjs';

/**
 * A program of dist/ as a process of its own, with its output in a log file. It ends when we do. After `stop()` or
 * `kill9()` it may be started again.
 */
export class Program {
  #child = null;
  #release = () => undefined;

  constructor(name, args, { environment, logFile, ready }) {
    Object.assign(this, { name, args, environment, logFile, ready });
  }

  get pid() {
    return this.#child?.pid;
  }

  async start() {
    const log = createWriteStream(this.logFile, { flags: 'a' });
    const child = spawn(process.execPath, ['--enable-source-maps', ...this.args], {
      cwd: root,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Ctrl-C in the terminal is for us; we stop our programs ourselves.
      detached: true,
    });
    child.stdout.pipe(log);
    child.stderr.pipe(log);
    this.#child = child;
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    if (child.pid !== undefined) this.#release = guard(endProcess, [String(child.pid)]);
    const ended = this.exited.then(({ code, signal }) => {
      throw new Error(`${this.name} ended at its start (${signal ?? `exit code ${code}`}); see ${this.logFile}`);
    });
    ended.catch(() => undefined);
    await Promise.race([this.ready(), ended]);
  }

  /** Answers how it ended, `{ code, signal }`; null when it did not run. */
  async stop(signal = 'SIGTERM') {
    if (this.#child === null) return null;
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), 40_000);
    const end = await this.exited;
    clearTimeout(timer);
    this.#release();
    this.#child = null;
    return end;
  }

  kill9() {
    return this.stop('SIGKILL');
  }
}
