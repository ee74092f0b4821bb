import { hostname, userInfo } from 'node:os';
import { SigningKeys, Tokens } from '../auth/index.js';
import { checkDriver } from '../ce/index.js';
import {
  Configurations,
  CurrentConfiguration,
  type DriverChecks,
  type NumberedConfiguration,
} from '../configuration/index.js';
import { Database, deriveKey, Log, type PlatformConfig, readConfig } from '../platform/index.js';
import { checkStorage } from '../storage/index.js';

/** The drivers of this program, as they check their settings in a configuration. */
export const driverChecks: DriverChecks = { computingElement: checkDriver, storageElement: checkStorage };

/** An installation as its administrator reaches it on the server's host: with the server's environment, past the API. */
export class Installation {
  /** Who administers: the account on this host, for the audit. */
  readonly administrator = `${userInfo().username}@${hostname()}`;
  readonly configurations: Configurations;
  private readonly log = new Log('admin', 'error', (line) => process.stderr.write(`${line}\n`));

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
    try {
      return await work(new Installation(config, database));
    } finally {
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

  async tokens(): Promise<Tokens> {
    return new Tokens(await this.keys(), this.config.publicUrl);
  }

  /** The configuration in force. Throws a Refusal when there is none. */
  async configuration(): Promise<NumberedConfiguration> {
    const current = new CurrentConfiguration(this.database, this.log);
    await current.refresh();
    return current.get();
  }
}
