import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlatformConfig } from '../../src/platform/index.js';
import { uniquePrefix } from './redis.js';
import { testServices } from './services.js';

/** The settings of a process under test: short leases, a master key of its own, a free port. */
export function testConfig(overrides: Partial<PlatformConfig> = {}): PlatformConfig {
  const { databaseUrl, redisUrl } = testServices();
  const redisPrefix = overrides.redisPrefix ?? uniquePrefix();
  return {
    databaseUrl,
    redisUrl,
    redisPrefix,
    publicUrl: 'http://127.0.0.1:8080',
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    pilotCa: null,
    trustedProxies: [],
    masterKey: createHash('sha256').update(randomBytes(32)).digest(),
    dataDir: join(tmpdir(), redisPrefix),
    s3: null,
    logLevel: 'error',
    metricsListen: null,
    drainSeconds: 0,
    bulkBodyBytes: 32 * 1024 * 1024,
    bulkBodiesAtOnce: 2,
    leaseSeconds: 20,
    leaseMarginSeconds: 2,
    silentSeconds: 6,
    searchSeconds: 30,
    agentPace: 0.1,
    ...overrides,
  };
}
