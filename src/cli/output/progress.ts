import type { Io } from '../io.js';

/** One line on standard error that says how far long work has come. Only where a person watches. */
export class Progress {
  #shown = '';
  #last = 0;

  constructor(
    private readonly io: Io,
    private readonly what: string,
    private readonly unit: string,
  ) {}

  /** Shows the number done so far, ten times a second at most. */
  update(done: number, total?: number): void {
    if (!this.io.errorIsTerminal) return;
    const now = performance.now();
    if (this.#shown !== '' && now - this.#last < 100 && done !== total) return;
    this.#last = now;
    const text = `${this.what}: ${done}${total === undefined ? '' : ` of ${total}`} ${this.unit}`;
    this.io.error(`\r${text.padEnd(this.#shown.length)}`);
    this.#shown = text;
  }

  /** Takes the line away. */
  end(): void {
    if (this.#shown !== '') this.io.error(`\r${' '.repeat(this.#shown.length)}\r`);
    this.#shown = '';
  }
}
