import { call, CallRefused, logChunkSize, pilots, type Transport } from '../contract/index.js';
import { pause, seconds } from './clock.js';
import { LogBacklog } from './log-backlog.js';

/** How the log is kept and sent. */
export interface LogSettings {
  /** Seconds between two shipments. */
  everySeconds: number;
  /** Characters that make a shipment worth it before its time. */
  shipAt: number;
  /** Characters kept while the server is away or wants less; the oldest are dropped beyond, with a notice. */
  keep: number;
  /** Characters of the end of a log that has reached its limit. */
  keepOfEnd: number;
}

/** `keepOfEnd` fits into what the server leaves for last words, however many bytes its characters have. */
const usual: LogSettings = { everySeconds: 5, shipAt: 64 * 1024, keep: 4 * 1024 * 1024, keepOfEnd: 16 * 1024 };

/**
 * The pilot's log: every line is printed, and shipped to the server in numbered chunks, in order, each until it is
 * acknowledged. A chunk that was sent once is never changed, so that sending it again is harmless. When the log has
 * reached its limit at the server, its end is kept and shipped with the last words.
 */
export class PilotLog {
  private readonly settings: LogSettings;
  private readonly backlog: LogBacklog;
  private inFlight: string | undefined;
  private number = 0;
  private full = false;
  private closed = false;
  private wake = new AbortController();

  constructor(
    private readonly print: (text: string) => void,
    settings: Partial<LogSettings> = {},
  ) {
    this.settings = { ...usual, ...settings };
    this.backlog = new LogBacklog(this.settings.keep, 'the server did not take them in time');
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
    let hurry = true;
    while (!signal.aborted && !this.closed) {
      this.wake = new AbortController();
      await pause(pauseSeconds, hurry ? AbortSignal.any([signal, this.wake.signal]) : signal);
      const wait = this.full ? undefined : await this.shipAll(transport, signal);
      // A server that is away or wants less is not hurried by a long log.
      hurry = wait === undefined;
      pauseSeconds = wait === undefined ? this.settings.everySeconds : Math.max(wait, Math.min(30, pauseSeconds * 2));
    }
  }

  /** Ships all there is as the last words, trying for so many seconds. */
  async flush(transport: Transport, forSeconds: number): Promise<void> {
    const end = seconds() + forSeconds;
    for (;;) {
      const wait = await this.shipAll(transport);
      const left = end - seconds();
      if (wait === undefined || left <= 0) return;
      await pause(Math.min(left, Math.max(wait, Math.min(1, forSeconds / 4))));
    }
  }

  /** Sends chunk after chunk; when the server does not take one now, the seconds that it asks to wait. */
  private async shipAll(transport: Transport, signal?: AbortSignal): Promise<number | undefined> {
    while (!this.closed) {
      this.inFlight ??= this.backlog.take(logChunkSize);
      if (this.inFlight === undefined) return undefined;
      try {
        const options = { timeout: 30_000, ...(signal === undefined ? {} : { signal }) };
        const body = { text: this.inFlight, last: this.full };
        await call(transport, pilots.log, { params: { number: this.number }, body }, options);
        this.number += 1;
        this.inFlight = undefined;
      } catch (error) {
        if (!(error instanceof CallRefused)) return 0;
        if (error.status >= 500 || error.status === 429) return error.retryAfter ?? 0;
        this.stopAt(error);
        if (this.full && signal !== undefined) return undefined;
      }
    }
    return undefined;
  }

  /** The server wants no more: the log is full, or the pilot has ended. */
  private stopAt({ status, message }: CallRefused): void {
    this.print(`the server takes no more of the log: ${message}\n`);
    if (status !== 413 || this.full) {
      this.closed = true;
      return;
    }
    this.full = true;
    this.backlog.narrow(this.inFlight ?? '', this.settings.keepOfEnd, 'the log had reached its limit');
    this.inFlight = undefined;
  }

  private keep(text: string): void {
    this.backlog.add(text);
    if (this.backlog.size >= this.settings.shipAt) this.wake.abort();
  }
}
