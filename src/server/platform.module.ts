import { type DynamicModule, Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { CurrentConfiguration } from '../configuration/index.js';
import {
  Database,
  deriveKey,
  Log,
  Metrics,
  openRedis,
  KeptPilotFiles,
  PilotFiles,
  PLATFORM_CONFIG,
  type PlatformConfig,
  REDIS,
  Shutdown,
  WakeUps,
} from '../platform/index.js';
import { ConfiguredStorageElements, STORAGE_ELEMENTS, StorageElements } from '../storage/index.js';

const SUBSCRIBER = Symbol('redis subscriber');

/** What was opened for a process, to be closed in reverse order: at its end, or when its start fails. */
export class OpenThings {
  private readonly closers: (() => Promise<void> | void)[] = [];

  /** Remembers how to close something; answers it. */
  keep<T>(thing: T, close: (thing: T) => Promise<void> | void): T {
    this.closers.push(() => close(thing));
    return thing;
  }

  async closeAll(): Promise<void> {
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) await close();
  }
}

/** What every part of a process stands on: settings, database, Redis, configuration, storage, logs, metrics. */
@Global()
@Module({})
export class PlatformModule implements OnApplicationShutdown {
  constructor(private readonly open: OpenThings) {}

  /** Opens everything for these settings and brings the schema of the database up to date. */
  static for(config: PlatformConfig, log: Log, open: OpenThings): DynamicModule {
    const providers = [
      { provide: PLATFORM_CONFIG, useValue: config },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: new Metrics('server') },
      { provide: Shutdown, useValue: new Shutdown() },
      { provide: PilotFiles, useValue: new PilotFiles() },
      { provide: KeptPilotFiles, inject: [Database], useFactory: (database: Database) => new KeptPilotFiles(database) },
      { provide: OpenThings, useValue: open },
      { provide: Database, useFactory: () => openDatabase(config, log, open) },
      ...[REDIS, SUBSCRIBER].map((provide) => ({
        provide,
        useFactory: () => open.keep(openRedis(config.redisUrl, log), (redis) => redis.disconnect()),
      })),
      {
        provide: WakeUps,
        inject: [REDIS, SUBSCRIBER],
        useFactory: (redis: Redis, subscriber: Redis) => new WakeUps(redis, subscriber, config.redisPrefix, log),
      },
      {
        provide: CurrentConfiguration,
        inject: [Database, WakeUps],
        async useFactory(database: Database, wakeUps: WakeUps): Promise<CurrentConfiguration> {
          const configuration = open.keep(new CurrentConfiguration(database, log, wakeUps), (held) => held.close());
          await configuration.start();
          return configuration;
        },
      },
      {
        provide: StorageElements,
        inject: [CurrentConfiguration],
        useFactory: (configuration: CurrentConfiguration) =>
          open.keep(openStorage(configuration, config), (elements) => elements.close()),
      },
      { provide: STORAGE_ELEMENTS, useExisting: StorageElements },
    ];
    return { module: PlatformModule, providers, exports: providers.map(({ provide }) => provide) };
  }

  /** After the last request was answered. */
  async onApplicationShutdown(): Promise<void> {
    await this.open.closeAll();
  }
}

async function openDatabase({ databaseUrl }: PlatformConfig, log: Log, open: OpenThings): Promise<Database> {
  const database = open.keep(await Database.open(databaseUrl), (opened) => opened.close());
  const applied = await database.migrate();
  if (applied.length > 0) log.info('The database was migrated', { migrations: applied });
  return database;
}

function openStorage(configuration: CurrentConfiguration, config: PlatformConfig): StorageElements {
  const configured = () => {
    const { version, document } = configuration.get();
    return { version, elements: document.storage.elements };
  };
  const context = { signingKey: deriveKey(config.masterKey, 'object-urls'), publicUrl: config.publicUrl };
  return new ConfiguredStorageElements(configured, context, config.s3);
}
