import { persist, withRetry } from '../client/index.js';
import { call, CallRefused, execution, type BodyOf, type Transport } from '../contract/index.js';
import type { PilotLog } from './log-shipping.js';

type Status = BodyOf<typeof execution.status>;
/** A progress report without its number and time. */
export type Progress = Partial<Pick<Status, 'status' | 'minor_status' | 'application_status' | 'parameters'>>;

/** A server that is restarted must find its pilots still trying. Seconds. */
export const serverPatienceSeconds = 1200;

/**
 * Progress reports of one attempt: sent in order, in the background, so that a slow server never holds up a payload.
 * When the server says that the attempt has ended, `onGone` is called, once.
 */
export class Reports {
  readonly transport: Transport;
  private sequence = 0;
  private sending: Promise<void> = Promise.resolve();
  private gone = false;

  constructor(
    transport: Transport,
    private readonly settings: { log: PilotLog; name: string; signal: AbortSignal; onGone: () => void },
  ) {
    const { log, name, signal } = settings;
    this.transport = withRetry(transport, {
      deadlineSeconds: serverPatienceSeconds,
      longestPauseSeconds: 10,
      signal,
      onRetry: (reason) => log.line(`${name}: ${reason}; trying again`),
    });
  }

  /** Queues a report. */
  report(progress: Progress): void {
    this.sequence += 1;
    const body = { sequence: this.sequence, at: new Date().toISOString(), parameters: {}, ...progress };
    this.sending = this.sending.then(() => this.send(body));
  }

  /** Resolves when all reports so far were sent or given up. */
  async flushed(): Promise<void> {
    await this.sending;
  }

  /** Tells the server how the attempt ended; false when it knows better already. Throws when it cannot be reached. */
  async end(body: BodyOf<typeof execution.end>): Promise<boolean> {
    await this.flushed();
    if (this.gone) return false;
    try {
      await this.insist(() => call(this.transport, execution.end, { body }, { signal: this.settings.signal }));
      return true;
    } catch (error) {
      return this.judge(error);
    }
  }

  /** A server that fails over a call has not refused it: without the word about its end the job would run once more. */
  private insist(action: () => Promise<unknown>): Promise<unknown> {
    const { log, name, signal } = this.settings;
    const patience = {
      deadlineSeconds: serverPatienceSeconds,
      longestPauseSeconds: 10,
      signal,
      onRetry: (reason: string) => log.line(`${name}: ${reason}; trying again`),
    };
    return persist(action, patience, (error) =>
      error instanceof CallRefused && error.status >= 500 ? { reason: error.message } : undefined,
    );
  }

  private async send(body: Status): Promise<void> {
    if (this.gone || this.settings.signal.aborted) return;
    try {
      await call(this.transport, execution.status, { body }, { signal: this.settings.signal });
    } catch (error) {
      if (this.settings.signal.aborted) return;
      if (error instanceof CallRefused && error.code !== 'attempt-ended' && error.status !== 401) {
        this.settings.log.line(`${this.settings.name}: the server refused a report: ${error.message}`);
      } else if (error instanceof CallRefused) this.judge(error);
      else this.settings.log.line(`${this.settings.name}: a report was given up: ${String(error)}`);
    }
  }

  private judge(error: unknown): false {
    if (!(error instanceof CallRefused)) throw error;
    this.settings.log.line(`${this.settings.name}: ${error.message}`);
    if (!this.gone) {
      this.gone = true;
      this.settings.onGone();
    }
    return false;
  }
}
