import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { endProcess, guard } from './guard.mjs';

const startSeconds = 60;
const stopSeconds = 30;

/**
 * One server process of ours: started, stopped, started again on the same port and data. It never outlives us: a
 * guard ends it when this process is gone.
 */
export class ServerProcess {
  #child;
  #exited = Promise.resolve();
  #release = () => undefined;

  /** `answersAsOurs(pid)` says whether the server that answers is this very one; false or an error means "not yet". */
  constructor({ name, program, args, logFile, answersAsOurs }) {
    Object.assign(this, { name, program, args, logFile, answersAsOurs });
  }

  /** The process id, or undefined while it does not run. */
  get pid() {
    return this.#child?.pid;
  }

  /** Starts it and comes back once it answers. */
  async start() {
    if (this.#child) throw new Error(`${this.name} runs already`);
    const log = openSync(this.logFile, 'a');
    // A group of its own: Ctrl-C on the terminal reaches us, and we stop it in order.
    const child = spawn(this.program, this.args, { stdio: ['ignore', log, log], detached: true });
    closeSync(log);
    this.#exited = new Promise((resolve) => {
      child.once('error', resolve);
      child.once('exit', resolve);
    }).then(() => this.#forget(child));
    if (child.pid !== undefined) {
      this.#child = child;
      this.#release = guard(endProcess, [String(child.pid)]);
    }
    await this.#answer();
  }

  /** Ends it in order and waits until it is gone; by force after 30 s. */
  async stop() {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), stopSeconds * 1_000);
    await this.#exited;
    clearTimeout(force);
  }

  /** Stops it in order and starts it on the same port and data. */
  async restart() {
    await this.stop();
    await this.start();
  }

  /** Kills it as a power cut would, and waits until it is gone. */
  async kill9() {
    this.#child?.kill('SIGKILL');
    await this.#exited;
  }

  /** The last moment of our own process: a signal, no waiting. */
  abandon() {
    this.#child?.kill('SIGTERM');
  }

  #forget(child) {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#release();
  }

  async #answer() {
    const deadline = Date.now() + startSeconds * 1_000;
    let last;
    while (this.#child && Date.now() < deadline) {
      try {
        if (await this.answersAsOurs(this.#child.pid)) return;
      } catch (error) {
        last = error;
      }
      await delay(50);
    }
    const why = this.#child
      ? `does not answer after ${startSeconds} s (${last?.message ?? 'another server does'})`
      : 'ended at once';
    await this.kill9();
    throw new Error(`${this.name} ${why}. The end of ${this.logFile}:\n${this.lastLines()}`);
  }

  /** The end of its log, for error messages. */
  lastLines() {
    return readFileSync(this.logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  }
}
