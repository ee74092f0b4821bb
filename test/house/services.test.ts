import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { type PrivateServer, type Services, startServices } from '../../scripts/services/index.mjs';

const entry = fileURLToPath(new URL('../../scripts/services/index.mjs', import.meta.url));

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilotage-services-'));
});

afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 }));

/** Runs a statement as root and answers the rows. */
async function ask(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

/** Whether the server of a URL accepts connections. Not asked by process id: a dead process may wait for its reaper. */
async function answers(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('private services', () => {
  let services: Services;
  let mariadb: PrivateServer;

  beforeAll(async () => {
    services = await startServices({ dataDir: join(folder, 'private'), durable: true, urls: {} });
    if (!services.mariadb) throw new Error('no private MariaDB was started');
    mariadb = services.mariadb;
    await ask(services.databaseUrl, 'CREATE DATABASE kept');
    await ask(services.databaseUrl, 'CREATE TABLE kept.numbers (value INT)');
  }, 60_000);

  afterAll(() => services.stop());

  it('keep port and data over a restart', async () => {
    const { pid, port } = mariadb;
    await ask(services.databaseUrl, 'INSERT INTO kept.numbers VALUES (1)');
    await mariadb.restart();
    expect(mariadb.port).toBe(port);
    expect(mariadb.pid).not.toBe(pid);
    expect(await ask(services.databaseUrl, 'SELECT value FROM kept.numbers WHERE value = 1')).toEqual([{ value: 1 }]);
  });

  it('keep what was committed when they are killed', async () => {
    await ask(services.databaseUrl, 'INSERT INTO kept.numbers VALUES (2)');
    await mariadb.kill9();
    expect(mariadb.pid).toBeUndefined();
    await expect(ask(services.databaseUrl, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await mariadb.start();
    expect(await ask(services.databaseUrl, 'SELECT value FROM kept.numbers WHERE value = 2')).toEqual([{ value: 2 }]);
  });
});

it('services that are given are used as they are, and outlive a stop', async () => {
  const own = await startServices({ dataDir: join(folder, 'given'), urls: {} });
  try {
    const urls = { databaseUrl: own.databaseUrl, redisUrl: own.redisUrl };
    const given = await startServices({ dataDir: join(folder, 'unused'), urls });
    expect(given).toMatchObject({ ...urls, mariadb: null, redis: null });
    await given.stop();
    expect(await ask(own.databaseUrl, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  } finally {
    await own.stop();
  }
}, 60_000);

it('services that are given but do not answer are named', async () => {
  const urls = { databaseUrl: 'mysql://root@127.0.0.1:1', redisUrl: 'redis://127.0.0.1:1' };
  await expect(startServices({ dataDir: join(folder, 'unused'), urls })).rejects.toThrow(
    'nothing answers at 127.0.0.1:1',
  );
});

it('services end when the program that started them is killed', async () => {
  const program = `
    const { startServices } = await import(${JSON.stringify(entry)});
    const services = await startServices({ dataDir: ${JSON.stringify(join(folder, 'orphans'))}, urls: {} });
    console.log(JSON.stringify([services.databaseUrl, services.redisUrl]));`;
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const urls = JSON.parse(line.toString()) as string[];
  expect(await Promise.all(urls.map(answers))).toEqual([true, true]);
  owner.kill('SIGKILL');
  while ((await Promise.all(urls.map(answers))).some(Boolean)) await delay(50);
}, 60_000);
