import { Global, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import type { Redis } from 'ioredis';
import { CurrentConfiguration } from '../configuration/index.js';
import {
  Database,
  deriveKey,
  Log,
  Metrics,
  PLATFORM_CONFIG,
  type PlatformConfig,
  REDIS,
  SharedBuckets,
  systemClock,
} from '../platform/index.js';
import { AccessGuard } from './access.guard.js';
import { CallRates } from './call-rates.js';
import { IdentityController } from './identity.controller.js';
import { Revocations } from './revocations.js';
import { SigningKeys } from './signing-keys.js';
import { Tokens } from './tokens.js';

/**
 * Who calls and what they may: tokens, keys, and the guard before every endpoint. Needs the platform's providers, which
 * are global, and is global itself: every stage may issue tokens.
 */
@Global()
@Module({
  controllers: [IdentityController],
  providers: [
    {
      provide: SigningKeys,
      inject: [Database, PLATFORM_CONFIG, Log],
      async useFactory(database: Database, { masterKey }: PlatformConfig, log: Log): Promise<SigningKeys> {
        const keys = new SigningKeys(database, deriveKey(masterKey, 'signing-keys'), log);
        await keys.start();
        return keys;
      },
    },
    {
      provide: Revocations,
      inject: [Database, Log],
      async useFactory(database: Database, log: Log): Promise<Revocations> {
        const revocations = new Revocations(database, log);
        await revocations.start();
        return revocations;
      },
    },
    {
      provide: Tokens,
      inject: [SigningKeys, PLATFORM_CONFIG, Revocations],
      useFactory: (keys: SigningKeys, { publicUrl }: PlatformConfig, revocations: Revocations) =>
        new Tokens(keys, publicUrl, systemClock, revocations),
    },
    { provide: SharedBuckets, inject: [REDIS, PLATFORM_CONFIG, Log, Metrics], useFactory: makeSharedBuckets },
    {
      provide: CallRates,
      inject: [CurrentConfiguration, SharedBuckets],
      useFactory: (configuration: CurrentConfiguration, shared: SharedBuckets) => new CallRates(configuration, shared),
    },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [SigningKeys, Tokens],
})
export class AuthModule implements OnApplicationShutdown {
  constructor(
    private readonly keys: SigningKeys,
    private readonly revocations: Revocations,
  ) {}

  onApplicationShutdown(): void {
    this.keys.close();
    this.revocations.close();
  }
}

function makeSharedBuckets(redis: Redis, { redisPrefix }: PlatformConfig, log: Log, metrics: Metrics): SharedBuckets {
  const uncounted = metrics.counter(
    'pilotage_rates_without_redis_total',
    'Calls whose rate over all servers could not be counted; each server counted for itself',
  );
  return new SharedBuckets(redis, redisPrefix, log, () => uncounted.inc());
}
