import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ConfigurationError, describeEnvironment, readConfig } from '../../../src/platform/index.js';

describe('the settings of a process', () => {
  let folder: string;
  let good: Record<string, string>;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pilotage-config-'));
    writeFileSync(join(folder, 'key'), 'ab'.repeat(32));
    good = {
      PILOTAGE_DATABASE_URL: 'mysql://root@127.0.0.1:3306/pilotage',
      PILOTAGE_REDIS_URL: 'redis://127.0.0.1:6379',
      PILOTAGE_MASTER_KEY_FILE: join(folder, 'key'),
    };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('have defaults for all but addresses and the master key', () => {
    const config = readConfig(good);
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(config.leaseSeconds).toBe(600);
    expect(config.masterKey).toHaveLength(32);
    expect(config.tls).toBeNull();
  });

  it('are refused with every problem at once', () => {
    const read = (): unknown => readConfig({ PILOTAGE_LISTEN: 'nowhere', PILOTAGE_LEASE_SECONDS: '-1' });
    expect(read).toThrow(ConfigurationError);
    for (const name of ['PILOTAGE_DATABASE_URL', 'PILOTAGE_REDIS_URL', 'PILOTAGE_LISTEN', 'PILOTAGE_LEASE_SECONDS']) {
      expect(read).toThrow(new RegExp(name));
    }
  });

  it('take secrets from files, and refuse to be given one twice', () => {
    writeFileSync(join(folder, 'secret'), 'p@ss/w:rd\n');
    const files = {
      PILOTAGE_DATABASE_PASSWORD_FILE: join(folder, 'secret'),
      PILOTAGE_S3_ACCESS_KEY: 'pilotage',
      PILOTAGE_S3_SECRET_KEY_FILE: join(folder, 'secret'),
    };
    const config = readConfig({ ...good, ...files });
    expect(config.databaseUrl).toBe('mysql://root:p%40ss%2Fw%3Ard@127.0.0.1:3306/pilotage');
    expect(config.s3).toEqual({ accessKey: 'pilotage', secretKey: 'p@ss/w:rd' });
    const twice = { PILOTAGE_DATABASE_URL: 'mysql://root:one@127.0.0.1:3306/pilotage', PILOTAGE_S3_SECRET_KEY: 'two' };
    expect(() => readConfig({ ...good, ...files, ...twice })).toThrow(
      /PASSWORD_FILE: PILOTAGE_DATABASE_URL holds[^]*PILOTAGE_S3_SECRET_KEY_FILE: give one/,
    );
    const missing = { PILOTAGE_DATABASE_PASSWORD_FILE: '/nowhere' };
    expect(() => readConfig({ ...good, ...missing })).toThrow(/cannot read \/nowhere/);
  });

  it('take an empty value as absent', () => {
    expect(readConfig({ ...good, PILOTAGE_TLS_CERT: '', PILOTAGE_CA: '' }).pilotCa).toBeNull();
  });

  it('need certificate and key together, files that can be read, and a whole master key', () => {
    expect(() => readConfig({ ...good, PILOTAGE_TLS_CERT: join(folder, 'key') })).toThrow(/PILOTAGE_TLS_KEY/);
    expect(() => readConfig({ ...good, PILOTAGE_CA: join(folder, 'absent') })).toThrow(/cannot read/);
    writeFileSync(join(folder, 'short'), 'abcd');
    expect(() => readConfig({ ...good, PILOTAGE_MASTER_KEY_FILE: join(folder, 'short') })).toThrow(/64 hexadecimal/);
  });

  it('are all described for the reference page', () => {
    for (const { name, description } of describeEnvironment()) {
      expect(name).toMatch(/^PILOTAGE_/);
      expect(description.length).toBeGreaterThan(10);
    }
  });
});
