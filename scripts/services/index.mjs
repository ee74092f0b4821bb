import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findDocker, mariadbContainer, redisContainer } from './docker.mjs';
import { canInstall, installPackages } from './install.mjs';
import { findMariadb, privateMariadb } from './mariadb.mjs';
import { answers, freePort } from './ports.mjs';
import { findRedis, privateRedis } from './redis.mjs';
import { stopAtOurEnd } from './our-end.mjs';

const attempts = 3;

/**
 * Finds or starts MariaDB and Redis: given by URL; on PATH; in a Docker engine that answers; by apt-get when root.
 * What was given is used as it is and never stopped; what was started is private to `dataDir` and is stopped by
 * `stop()`, or when this process ends, however it ends. See index.d.mts for the options.
 */
export async function startServices({ dataDir, durable = false, size, log = () => undefined, urls = testUrls() }) {
  const folder = resolve(dataDir);
  mkdirSync(folder, { recursive: true });
  await checkGiven(urls);
  const start = await provider({ mariadb: !urls.databaseUrl, redis: !urls.redisUrl }, log);
  const started = [];
  const stop = async () => {
    forget();
    await Promise.all(started.map((server) => (server.remove ? server.remove() : server.stop())));
  };
  const forget = stopAtOurEnd({ stop, abandon: () => started.forEach((server) => server.abandon()) });
  try {
    const [mariadb, redis] = await both(
      urls.databaseUrl ? null : onFreePort(start.mariadb, { folder: join(folder, 'mariadb'), durable, size }, started),
      urls.redisUrl ? null : onFreePort(start.redis, { folder: join(folder, 'redis') }, started),
    );
    return {
      databaseUrl: urls.databaseUrl ?? `mysql://root@127.0.0.1:${mariadb.port}`,
      redisUrl: urls.redisUrl ?? `redis://127.0.0.1:${redis.port}`,
      mariadb,
      redis,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

// Waits for both even if one fails, so that the other is known and can be stopped.
async function both(...starts) {
  await Promise.allSettled(starts);
  return Promise.all(starts);
}

function testUrls() {
  return {
    databaseUrl: process.env.PILOTAGE_TEST_DATABASE_URL || undefined,
    redisUrl: process.env.PILOTAGE_TEST_REDIS_URL || undefined,
  };
}

async function checkGiven(urls) {
  for (const [name, url, port] of [
    ['MariaDB', urls.databaseUrl, 3306],
    ['Redis', urls.redisUrl, 6379],
  ]) {
    if (!url) continue;
    const { hostname, port: given, host, searchParams } = new URL(url);
    if (searchParams.has('socketPath')) continue;
    if (!(await answers(hostname.replace(/^\[|\]$/g, ''), Number(given) || port)))
      throw new Error(`nothing answers at ${host}, where ${name} was said to be: start it, or unset its URL`);
  }
}

/** How to start what is needed on this machine: two functions of `{ folder, port, durable }`. */
async function provider(needed, log) {
  let found = localPrograms(needed);
  if (found) return found;
  const docker = await findDocker();
  if (docker) {
    log('starting MariaDB and Valkey in containers');
    return {
      mariadb: (options) => mariadbContainer({ docker, ...options }),
      redis: (options) => redisContainer({ docker, ...options }),
    };
  }
  if (canInstall()) await installPackages(missingPackages(needed), log);
  found = localPrograms(needed);
  if (found) return found;
  throw new Error(
    'MariaDB and Redis are needed: install mariadb-server-core, mariadb-client-core and redis-server, or start Docker, ' +
      'or give their URLs in PILOTAGE_TEST_DATABASE_URL and PILOTAGE_TEST_REDIS_URL (demo: PILOTAGE_DATABASE_URL, PILOTAGE_REDIS_URL).',
  );
}

function localPrograms(needed) {
  const programs = findMariadb();
  const program = findRedis();
  if ((needed.mariadb && !programs) || (needed.redis && !program)) return undefined;
  return {
    mariadb: (options) => privateMariadb({ programs, ...options }),
    redis: (options) => privateRedis({ program, ...options }),
  };
}

function missingPackages(needed) {
  return [
    ...(needed.mariadb && !findMariadb() ? ['mariadb-server-core', 'mariadb-client-core'] : []),
    ...(needed.redis && !findRedis() ? ['redis-server'] : []),
  ];
}

/** Starts on a free port; on another one if somebody was faster. */
async function onFreePort(start, options, started) {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      const server = await start({ ...options, port });
      server.port = port;
      started.push(server);
      return server;
    } catch (error) {
      if (attempt === attempts || !/address already in use|bind on tcp|port is already/i.test(error.message))
        throw error;
    }
  }
}
