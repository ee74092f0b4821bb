import {
  type CallRecorder,
  type ComputingElement,
  ComputingElementError,
  driverNamed,
  withDeadline,
  withMetrics,
  withRetry,
} from '../ce/index.js';
import type { Configuration } from '../configuration/index.js';

/** A CE of the configuration. */
export interface CeName {
  site: string;
  ce: string;
}

interface Opened {
  settings: string;
  ce: Promise<ComputingElement>;
}

/**
 * The CEs of the configuration, opened when they are first needed and again when their settings change. Every call has a
 * deadline, is measured, and is repeated when that is safe.
 */
export class ComputingElements {
  private readonly opened = new Map<string, Opened>();

  constructor(
    private readonly parts: { dataDir: string; record: CallRecorder; deadlineSeconds?: number },
    private readonly driver: typeof driverNamed = driverNamed,
  ) {}

  /** The CE as the configuration describes it. Throws ComputingElementError `protocol` when it is not there (any more). */
  async get(configuration: Configuration, { site, ce }: CeName): Promise<ComputingElement> {
    const described = configuration.sites[site]?.ces[ce];
    if (described === undefined) {
      throw new ComputingElementError('protocol', `The configuration has no CE ${ce} at ${site} (any more)`);
    }
    const key = `${site}/${ce}`;
    const settings = JSON.stringify([described.driver, described.settings]);
    const known = this.opened.get(key);
    if (known?.settings === settings) return known.ce;
    const fresh = { settings, ce: this.open(key, described.driver, described.settings) };
    this.opened.set(key, fresh);
    // One that could not be opened is tried again by the next caller.
    fresh.ce.catch(() => this.opened.get(key) === fresh && this.opened.delete(key));
    if (known !== undefined) void known.ce.then((ce) => ce.close()).catch(() => undefined);
    return fresh.ce;
  }

  /** Closes all of them; their runs go on. */
  async close(): Promise<void> {
    const all = [...this.opened.values()];
    this.opened.clear();
    await Promise.all(all.map(async ({ ce }) => (await ce).close()));
  }

  private async open(name: string, driverName: string, settings: unknown): Promise<ComputingElement> {
    const driver = this.driver(driverName);
    if (driver === undefined) throw new ComputingElementError('protocol', `There is no CE driver ${driverName}`);
    const { dataDir, record, deadlineSeconds = 60 } = this.parts;
    const ce = await driver.open(settings, { name: name.replaceAll('/', '.'), dataDir });
    return withMetrics(withRetry(withDeadline(ce, deadlineSeconds)), name, record);
  }
}
