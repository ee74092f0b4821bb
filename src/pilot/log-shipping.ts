import { call, CallRefused, logChunkLimit, pilots, type Transport } from '../contract/index.js';
import { pause } from './clock.js';

/** How the log is kept and sent. */
export interface LogSettings {
  /** Seconds between two shipments. */
  everySeconds: number;
  /** Characters that make a shipment worth it before its time. */
  shipAt: number;
  /** Characters kept while the server is away; the oldest are dropped beyond, with a notice. */
  keep: number;
}

const usual: LogSettings = { everySeconds: 5, shipAt: 64 * 1024, keep: 4 * 1024 * 1024 };

/**
 * The pilot's log: every line is printed, and shipped to the server in numbered chunks, in order, each until it is
 * acknowledged. A chunk that was sent once is never changed, so that sending it again is harmless.
 */
export class PilotLog {
  private readonly settings: LogSettings;
  private waiting: string[] = [];
  private size = 0;
  private dropped = 0;
  private inFlight: string | undefined;
  private number = 0;
  private closed = false;
  private wake = new AbortController();

  constructor(
    private readonly print: (text: string) => void,
    settings: Partial<LogSettings> = {},
  ) {
    this.settings = { ...usual, ...settings };
  }

  /** Adds a line of the pilot, with its time (UTC). */
  line(text: string): void {
    const line = `${new Date().toISOString()} ${text}\n`;
    this.print(line);
    this.keep(line);
  }

  /** Adds text that was printed already, by the wrapper script. */
  earlier(text: string): void {
    if (text !== '') this.keep(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Ships until the signal fires. Trouble with the server is not reported here: it would only make the log grow. */
  async ship(transport: Transport, signal: AbortSignal): Promise<void> {
    let pauseSeconds = this.settings.everySeconds;
    while (!signal.aborted && !this.closed) {
      this.wake = new AbortController();
      await pause(pauseSeconds, AbortSignal.any([signal, this.wake.signal]));
      pauseSeconds = (await this.shipAll(transport, signal))
        ? this.settings.everySeconds
        : Math.min(30, pauseSeconds * 2);
    }
  }

  /** Ships all there is, trying for so many seconds. */
  async flush(transport: Transport, forSeconds: number): Promise<void> {
    const end = Date.now() + forSeconds * 1000;
    while (!(await this.shipAll(transport)) && Date.now() < end) await pause(Math.min(1, forSeconds / 4));
  }

  /** Sends chunk after chunk; false when the server did not take one. */
  private async shipAll(transport: Transport, signal?: AbortSignal): Promise<boolean> {
    for (let chunk = this.nextChunk(); chunk !== undefined && !this.closed; chunk = this.nextChunk()) {
      try {
        const options = { timeout: 30_000, ...(signal === undefined ? {} : { signal }) };
        await call(transport, pilots.log, { params: { number: this.number }, body: { text: chunk } }, options);
        this.number += 1;
        this.inFlight = undefined;
      } catch (error) {
        if (!(error instanceof CallRefused) || error.status >= 500 || error.status === 429) return false;
        // The server wants no more: the log is full, or the pilot has ended.
        this.closed = true;
        this.print(`the server takes no more of the log: ${error.message}\n`);
      }
    }
    return true;
  }

  private nextChunk(): string | undefined {
    if (this.inFlight !== undefined) return this.inFlight;
    if (this.waiting.length === 0 && this.dropped === 0) return undefined;
    const parts =
      this.dropped > 0 ? [`[${this.dropped} characters of the log were dropped: the server was away]\n`] : [];
    this.dropped = 0;
    let length = parts.join('').length;
    for (
      let next = this.waiting[0];
      next !== undefined && length + next.length <= logChunkLimit;
      next = this.waiting[0]
    ) {
      this.waiting.shift();
      this.size -= next.length;
      length += next.length;
      parts.push(next);
    }
    this.inFlight = parts.join('');
    return this.inFlight;
  }

  private keep(text: string): void {
    for (let start = 0; start < text.length; start += this.settings.shipAt) {
      const piece = text.slice(start, start + this.settings.shipAt);
      this.waiting.push(piece);
      this.size += piece.length;
    }
    while (this.size > this.settings.keep) {
      const oldest = this.waiting.shift() ?? '';
      this.size -= oldest.length;
      this.dropped += oldest.length;
    }
    if (this.size >= this.settings.shipAt) this.wake.abort();
  }
}
