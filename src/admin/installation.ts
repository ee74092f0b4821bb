import { hostname, userInfo } from 'node:os';
import { resealKeys, Revocations, SigningKeys, Tokens } from '../auth/index.js';
import { checkDriver } from '../ce/index.js';
import {
  Configurations,
  CurrentConfiguration,
  type DriverChecks,
  type NumberedConfiguration,
} from '../configuration/index.js';
import { Database, deriveKey, Log, type PlatformConfig, readConfig } from '../platform/index.js';
import { checkStorage, ConfiguredStorageElements } from '../storage/index.js';
import { JobArchive } from '../wms/index.js';

/** The drivers of this program, as they check their settings in a configuration. */
export const driverChecks: DriverChecks = { computingElement: checkDriver, storageElement: checkStorage };

/** What goes wrong on the way, one JSON object a line, on standard error. */
export function administratorLog(): Log {
  return new Log('admin', 'error', (line) => process.stderr.write(`${line}\n`));
}

/** An installation as its administrator reaches it on the server's host: with the server's environment, past the API. */
export class Installation {
  /** Who administers: the account on this host, for the audit. */
  readonly administrator = `${userInfo().username}@${hostname()}`;
  readonly configurations: Configurations;
  private readonly log = administratorLog();
  private readonly closers: (() => Promise<void>)[] = [];

  private constructor(
    private readonly config: PlatformConfig,
    readonly database: Database,
  ) {
    // Nobody is woken: every process looks for a new version within five seconds by itself.
    this.configurations = new Configurations(database, { wake: () => undefined }, driverChecks);
  }

  /** Opens the installation for `work`, and closes it whatever comes of it. */
  static async with<T>(work: (installation: Installation) => Promise<T>): Promise<T> {
    const config = readConfig();
    const database = await Database.open(config.databaseUrl, 4);
    const installation = new Installation(config, database);
    try {
      return await work(installation);
    } finally {
      for (const close of installation.closers) await close();
      await database.close();
    }
  }

  /** The signing keys; the first is made when there is none. */
  async keys(): Promise<SigningKeys> {
    const keys = new SigningKeys(this.database, deriveKey(this.config.masterKey, 'signing-keys'), this.log);
    await keys.start();
    keys.close();
    return keys;
  }

  /** Seals the signing keys, which were sealed under another master key, under the one of this environment. */
  resealKeys(oldMasterKey: Buffer, alongside: Parameters<typeof resealKeys>[2]): Promise<number> {
    const from = deriveKey(oldMasterKey, 'signing-keys');
    return resealKeys(this.database, { from, to: deriveKey(this.config.masterKey, 'signing-keys') }, alongside);
  }

  async tokens(): Promise<Tokens> {
    return new Tokens(await this.keys(), this.config.publicUrl);
  }

  /** The archive of finished jobs, in the storage elements of the configuration in force. */
  async archive(): Promise<JobArchive> {
    const { version, document } = await this.configuration();
    const { masterKey, publicUrl, s3 } = this.config;
    const storage = new ConfiguredStorageElements(
      () => ({ version, elements: document.storage.elements }),
      { signingKey: deriveKey(masterKey, 'object-urls'), publicUrl },
      s3,
    );
    this.closers.push(() => storage.close());
    return new JobArchive(this.database, storage);
  }

  /** What is revoked, as the database knows it now. */
  get revocations(): Revocations {
    return new Revocations(this.database, this.log);
  }

  /** The configuration in force. Throws a Refusal when there is none. */
  async configuration(): Promise<NumberedConfiguration> {
    const current = new CurrentConfiguration(this.database, this.log);
    await current.refresh();
    return current.get();
  }
}
