import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { fastify } from 'fastify';
import { describeEnvironment } from '../../src/platform/index.js';
import { composeFile, type Service } from './compose-file.js';

const file = composeFile();
const services = Object.entries(file.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const lasting = services.filter(([, { restart }]) => restart !== 'no');

/** What the schema of the Compose Specification says against a document; null when it is content. */
async function complaintAbout(document: unknown): Promise<string | null> {
  const {
    $schema: _,
    $id: __,
    ...schema
  } = JSON.parse(readFileSync('test/deploy/compose-spec.json', 'utf8')) as object & {
    $schema: string;
    $id: string;
  };
  const server = fastify({ ajv: { customOptions: { strict: false, coerceTypes: false, removeAdditional: false } } });
  server.post('/', { schema: { body: schema } }, async () => null);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const headers = { 'content-type': 'application/json' };
  const reply = await fetch(url, { method: 'POST', headers, body: JSON.stringify(document) });
  const text = await reply.text();
  await server.close();
  return reply.status === 200 ? null : text;
}

describe('docker-compose.yml', () => {
  it('is a compose file by the schema of the Compose Specification', async () => {
    expect(await complaintAbout(file)).toBeNull();
    expect(await complaintAbout({ services: { one: { imag: 'x' } } })).toMatch(/additional properties/);
  });

  it('is accepted by docker compose, where that is installed', () => {
    if (spawnSync('docker', ['compose', 'version']).status !== 0) {
      console.warn('docker compose is not installed: its own check of docker-compose.yml is skipped');
      return;
    }
    const env = { ...process.env, PILOTAGE_HOST: 'pilotage.example.org' };
    execFileSync('docker', ['compose', 'config', '--quiet'], { env, stdio: 'pipe' });
  });

  it('has two servers behind a proxy and two agents, pins every image, and bounds every memory', () => {
    const names = services.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(['server-1', 'server-2', 'proxy', 'agents-1', 'agents-2', 'migrate']));
    for (const [name, { image = '' }] of services)
      expect([name, image]).toEqual([name, expect.stringMatching(/:[^:]*\d/)]);
    for (const [name, { restart, deploy }] of lasting) {
      expect([name, restart]).toEqual([name, 'unless-stopped']);
      expect([name, deploy?.resources.limits.memory]).toEqual([name, expect.stringMatching(/^\d+[mg]$/)]);
    }
  });

  it('waits for what it needs: named services, healthy or ended well', () => {
    const hasCheck = ({ build, healthcheck }: Service): boolean =>
      healthcheck?.test !== undefined || build !== undefined;
    for (const [, { depends_on: needs = {} }] of services) {
      for (const [name, { condition }] of Object.entries(needs)) {
        const needed = file.services[name];
        if (needed === undefined) throw new Error(`there is no service ${name}`);
        const isTask = needed.restart === 'no';
        expect([name, condition]).toEqual([name, isTask ? 'service_completed_successfully' : 'service_healthy']);
        expect(isTask || hasCheck(needed)).toBe(true);
      }
    }
  });

  it('gives our programs settings that exist, secrets by files only, and time to stop', () => {
    const known = new Set(describeEnvironment().map(({ name }) => name));
    for (const [name, { environment = {}, secrets = [], stop_grace_period: grace, init, restart }] of ours) {
      const unknown = Object.keys(environment).filter((key) => key.startsWith('PILOTAGE_') && !known.has(key));
      expect([name, unknown]).toEqual([name, []]);
      for (const path of Object.values(environment).filter((value) => value.startsWith('/run/secrets/')))
        expect(secrets).toContain(path.replace('/run/secrets/', ''));
      expect([name, init, grace]).toEqual([name, true, restart === 'no' ? undefined : '40s']);
    }
    for (const [, { secrets = [] }] of services)
      for (const secret of secrets) expect(file.secrets[secret]).toBeDefined();
    const texts = services.map(([, { environment }]) => JSON.stringify(environment ?? {}));
    expect(
      texts.filter((text) => /_PASSWORD"|SECRET_KEY"|:[^/"]+@/.test(text.replace('RANDOM_ROOT_PASSWORD', ''))),
    ).toEqual([]);
  });

  it('mounts files and starts programs that are in the repository', () => {
    for (const [, { volumes = [], command = [], build }] of services) {
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        expect(from.startsWith('./') ? existsSync(join('.', from)) : from in file.volumes).toBe(true);
      }
      const program = build === undefined ? undefined : command.find((word) => word.startsWith('dist/'));
      if (program !== undefined) expect(existsSync(program.replace('dist', 'src').replace(/\.js$/, '.ts'))).toBe(true);
    }
  });
});
