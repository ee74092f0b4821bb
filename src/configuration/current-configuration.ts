import { Refusal } from '../contract/index.js';
import type { Log, Queryable, WakeUps } from '../platform/index.js';
import { ConfigurationDocument, readStored } from './document.js';
import type { Configuration } from './schema.js';

/** A configuration with its number; every decision names the version that it was taken under. */
export interface NumberedConfiguration {
  version: number;
  /** When it was applied, as the database writes times. */
  appliedAt: string;
  document: Configuration;
}

/**
 * The newest configuration, held in memory by every process. It follows new versions at once by wake-up and within
 * seconds without. A version that cannot be read is reported and the one before stays in force.
 */
export class CurrentConfiguration {
  private current: NumberedConfiguration | null = null;
  private unreadable = 0;
  private readonly listeners = new Set<(configuration: NumberedConfiguration) => void>();
  private timer: NodeJS.Timeout | null = null;
  private stopListening: () => void = () => undefined;
  private refreshing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Queryable,
    private readonly log: Log,
    private readonly wakeUps: Pick<WakeUps, 'on'> | null = null,
    private readonly periodSeconds = 5,
  ) {}

  /** Loads the newest version and follows it until {@link close}. */
  async start(): Promise<void> {
    await this.refresh();
    this.stopListening = this.wakeUps?.on('configuration', () => void this.follow()) ?? this.stopListening;
    this.timer = setInterval(() => void this.follow(), this.periodSeconds * 1_000);
    this.timer.unref();
  }

  /** The newest configuration. Throws a Refusal `no-configuration` when none has been applied. */
  get(): NumberedConfiguration {
    if (this.current === null) throw new Refusal('no-configuration', undefined, { retryAfter: 10 });
    return this.current;
  }

  /** Whether {@link get} would answer. */
  get isLoaded(): boolean {
    return this.current !== null;
  }

  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: (configuration: NumberedConfiguration) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Loads the newest version now. */
  refresh(): Promise<void> {
    // A reading that began earlier may have missed what the caller knows of.
    this.refreshing = this.refreshing.then(
      () => this.load(),
      () => this.load(),
    );
    return this.refreshing;
  }

  close(): void {
    this.stopListening();
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private async follow(): Promise<void> {
    try {
      await this.refresh();
    } catch (error) {
      this.log.warn('The configuration could not be refreshed', { error });
    }
  }

  private async load(): Promise<void> {
    const [newest] = await this.database.query<{ version: number; applied_at: string; document: string | null }>(
      `SELECT version, applied_at, IF(version = ?, NULL, document) AS document
       FROM configurations ORDER BY version DESC LIMIT 1`,
      [this.current?.version ?? 0],
    );
    if (newest === undefined || newest.document === null || newest.version === this.unreadable) return;
    const document = this.parse(newest.version, newest.document);
    if (document === null) return;
    this.current = { version: newest.version, appliedAt: newest.applied_at, document };
    this.log.info('A configuration is in force', { version: newest.version });
    for (const listener of this.listeners) listener(this.current);
  }

  private parse(version: number, text: string): Configuration | null {
    try {
      const read = ConfigurationDocument.read(text);
      if ('problems' in read) throw new Error(read.problems[0]?.message);
      return readStored(read.document.value);
    } catch (error) {
      this.unreadable = version;
      this.log.error('This program cannot read the newest configuration; the one before stays in force', {
        version,
        error,
      });
      return null;
    }
  }
}
