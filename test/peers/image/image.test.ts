import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort } from '../../../scripts/services/ports.mjs';
import { testConfig } from '../../support/config.js';
import { emptyDatabase } from '../../support/database.js';
import { environmentOf } from '../../support/program.js';
import { readDockerfile } from './dockerfile.js';
import { type Image, runStages } from './plain-folder.js';

describe('the steps of the Dockerfile, in a plain folder', () => {
  const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'));
  let top: string;
  let image: Image;
  let environment: Record<string, string>;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    top = mkdtempSync(join(tmpdir(), 'pilotage-image-'));
    chmodSync(top, 0o755);
    image = runStages(stages, { top, context: resolve('.'), rooted: ['/app', '/var/lib/pilotage'] });
    const database = await emptyDatabase();
    drop = database.drop;
    environment = {
      ...environmentOf(testConfig({ databaseUrl: database.url })),
      ...image.environment,
      PILOTAGE_LISTEN: `127.0.0.1:${await freePort()}`,
    };
    const keyFile = environment['PILOTAGE_MASTER_KEY_FILE'] ?? '';
    chmodSync(keyFile, 0o644);
    chmodSync(join(keyFile, '..'), 0o755);
  }, 1_800_000);

  afterAll(async () => {
    await drop();
    rmSync(top, { recursive: true, force: true });
  }, 60_000);

  const as = (): { cwd: string; env: Record<string, string>; uid: number; gid: number } => ({
    cwd: image.environment['PWD'] ?? '',
    env: environment,
    uid: image.uid,
    gid: image.uid,
  });
  const check = () => {
    const [program = '', ...args] = image.check;
    return spawnSync(program, args, as()).status;
  };

  it('ends as another user than root, without what only builds need', () => {
    expect(image.uid).toBeGreaterThan(0);
    const listed = spawnSync('ls', ['node_modules'], { ...as(), encoding: 'utf8' }).stdout.split('\n');
    expect(listed).toContain('fastify');
    for (const name of ['jest', 'typescript', 'prettier', 'oxlint']) expect(listed).not.toContain(name);
  });

  it('gives a server that its health check finds alive, and that stops in order', async () => {
    expect(check()).toBe(1);
    const [program = '', ...args] = image.command;
    const server: ChildProcess = spawn(program, args, { ...as(), stdio: ['ignore', 'pipe', 'inherit'] });
    server.stdout?.resume();
    const ended = once(server, 'exit');
    try {
      while (check() !== 0) {
        expect(server.exitCode).toBeNull();
        await delay(200);
      }
    } finally {
      server.kill('SIGTERM');
    }
    expect(await ended).toEqual([0, null]);
  }, 120_000);

  it('gives the other programs of the image: agents, migration, administration', () => {
    const node = (...args: string[]) => spawnSync('node', args, { ...as(), encoding: 'utf8' });
    expect(node('dist/agents/main.js', '--help').stdout).toContain('usage:');
    expect(node('dist/main.js', '--migrate-only').status).toBe(0);
    const issue = node('bin/pilotage.js', 'admin', 'token', 'issue', '--vo', 'x', '--group', 'y', '--user', 'z');
    expect([issue.status, issue.stderr]).toEqual([1, expect.stringMatching(/no configuration/i)]);
  }, 60_000);
});
