import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endProcess, guard } from '../../scripts/services/guard.mjs';

const perProcess = 15_000;

/** The pilots of a run, in processes of their own; see pilots.mjs. Knows which job arrived when, and how often. */
export class Crowd {
  #children = [];
  #open = 0;
  #wake = () => undefined;
  /** Milliseconds since 1970 by job id. */
  arrivals = new Map();
  problems = [];

  /** `groups`: for each server its url and the tokens of its pilots. */
  constructor(groups, { ca, poll }) {
    const orders = groups.flatMap(({ url, tokens }) =>
      Array.from({ length: Math.ceil(tokens.length / perProcess) }, (_, part) => ({
        url,
        ca,
        poll,
        tokens: tokens.slice(part * perProcess, (part + 1) * perProcess),
      })),
    );
    this.#children = orders.map((order) => this.#start(order));
  }

  /** Settles when so many pilots have asked. */
  async opened(count, seconds) {
    await this.#until(
      () => this.#open >= count,
      seconds,
      () => `${this.#open} of ${count} pilots have asked`,
    );
  }

  /** Settles when all these jobs have arrived, or after so many seconds. */
  async arrived(jobs, seconds) {
    const missing = () => jobs.filter((id) => !this.arrivals.has(id)).length;
    await this.#until(
      () => missing() === 0,
      seconds,
      () => `${missing()} of ${jobs.length} jobs did not arrive`,
    );
  }

  stop() {
    for (const { child } of this.#children) child.send('stop');
    return Promise.all(this.#children.map(({ ended }) => ended));
  }

  #start(order) {
    const child = fork(fileURLToPath(new URL('./pilots.mjs', import.meta.url)));
    const release = child.pid === undefined ? () => undefined : guard(endProcess, [String(child.pid)]);
    const ended = new Promise((resolve) => child.once('exit', resolve)).then(release);
    child.on('message', (message) => this.#hear(message));
    child.send(order);
    return { child, ended };
  }

  #hear({ open = 0, jobs = [], failure }) {
    this.#open += open;
    for (const [id, at] of jobs) {
      if (this.arrivals.has(id)) this.problems.push(`job ${id} arrived twice`);
      this.arrivals.set(id, at);
    }
    if (failure !== undefined && this.problems.length < 20) this.problems.push(failure);
    this.#wake();
  }

  async #until(met, seconds, otherwise) {
    const end = performance.now() + seconds * 1_000;
    while (!met()) {
      const left = end - performance.now();
      if (left <= 0) {
        this.problems.push(otherwise());
        return;
      }
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
