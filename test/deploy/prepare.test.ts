import { spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { driverChecks } from '../../src/admin/installation.js';
import { readConfiguration } from '../../src/configuration/index.js';
import { composeFile } from './compose-file.js';

describe('deploy/prepare.sh', () => {
  let folder: string;
  const prepare = (...args: string[]) =>
    spawnSync('/bin/sh', [join(folder, 'deploy/prepare.sh'), ...args], { encoding: 'utf8' });
  const made = (name: string): string => readFileSync(join(folder, 'deploy/made', name), 'utf8');

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'pilotage-prepare-'));
    cpSync('deploy', join(folder, 'deploy'), { recursive: true, filter: (path) => !path.endsWith('made') });
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes every secret of the compose file, a certificate for the host, and a configuration that is valid', () => {
    expect(prepare('pilotage.example.org')).toMatchObject({ status: 0, stderr: '' });
    for (const { file } of Object.values(composeFile().secrets))
      expect(statSync(join(folder, file)).size).toBeGreaterThan(0);
    expect(statSync(join(folder, 'deploy/made')).mode & 0o777).toBe(0o700);
    expect(made('master-key')).toMatch(/^[0-9a-f]{64}\n$/);
    const [authority, certificate] = [new X509Certificate(made('ca.pem')), new X509Certificate(made('proxy.pem'))];
    expect(certificate.verify(authority.publicKey)).toBe(true);
    expect(certificate.checkHost('pilotage.example.org')).toBe('pilotage.example.org');
    expect(certificate.checkPrivateKey(createPrivateKey(made('proxy.pem')))).toBe(true);
    const objects = JSON.parse(made('objects.json')) as { identities: { credentials: { secretKey: string }[] }[] };
    expect(objects.identities[0]?.credentials[0]?.secretKey).toBe(made('object-store-key').trim());
    expect(readFileSync(join(folder, '.env'), 'utf8')).toBe('PILOTAGE_HOST=pilotage.example.org\n');
    const { configuration } = readConfiguration(made('site.yml'), driverChecks);
    expect(configuration.storage.elements['Store']).toMatchObject({ endpoint: 'https://pilotage.example.org:9443' });
  });

  it('changes nothing when it runs again, and refuses what is no host name', () => {
    const before = ['master-key', 'proxy.pem', 'site.yml'].map(made);
    expect(prepare('other.example.org')).toMatchObject({ status: 0, stdout: '' });
    expect(['master-key', 'proxy.pem', 'site.yml'].map(made)).toEqual(before);
    expect(prepare('a b; rm').status).toBe(2);
    const bare = prepare();
    expect([bare.status, bare.stderr.includes('usage:')]).toEqual([2, true]);
  });
});
