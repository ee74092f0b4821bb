import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request as requestPlain } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../root.mjs';
import { startServices } from '../services/index.mjs';
import { freePort } from '../services/ports.mjs';
import { makeCertificates } from './certificates.mjs';
import { Program } from './program.mjs';
import { stopPilots } from './stop-pilots.mjs';

const runFile = promisify(execFile);

async function runStatement(url, statement) {
  const { createConnection } = await import('mysql2/promise');
  const connection = await createConnection(url);
  try {
    await connection.query(statement);
  } finally {
    await connection.end();
  }
}

/** A database of our own on the server behind `url`: its URL. */
async function createDatabase(url, name) {
  await runStatement(url, `CREATE DATABASE \`${name}\``);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return own.href;
}

/** Waits until GET `path` answers 200 with the CA trusted; asks again every 100 ms. */
function answersAt(url, path, ca) {
  const isReady = () =>
    new Promise((resolve) => {
      const ask = url.startsWith('https:') ? request : requestPlain;
      const call = ask(`${url}${path}`, { ca, timeout: 2_000 }, (reply) => {
        reply.resume();
        resolve(reply.statusCode === 200);
      });
      call.on('error', () => resolve(false));
      call.on('timeout', () => call.destroy());
      call.end();
    });
  return async () => {
    const deadline = Date.now() + 60_000;
    while (!(await isReady())) {
      if (Date.now() > deadline) throw new Error(`${url}${path} did not answer within a minute`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
}

/** One installation on this machine: private database and Redis, HTTPS servers and agents as processes of their own. */
class Installation {
  constructor(parts) {
    Object.assign(this, parts);
  }

  /** Runs `pilotage admin …` with the installation's settings; answers what it printed. */
  async admin(...args) {
    const { stdout } = await runFile(process.execPath, [join(root, 'bin', 'pilotage.js'), 'admin', ...args], {
      env: this.environment,
      cwd: root,
    });
    return stdout.trim();
  }

  /** A user's token, valid for a day. */
  token({ vo, group, user }) {
    return this.admin('token', 'issue', '--vo', vo, '--group', group, '--user', user, '--lifetime', '86400');
  }

  async stop() {
    // No new pilots; then the pilots, who still want to say good-bye to a server.
    await Promise.all(this.agents.map((program) => program.stop()));
    await stopPilots(this.folder);
    await Promise.all(this.servers.map((program) => program.stop()));
    if (this.services.mariadb === null)
      await runStatement(this.services.databaseUrl, `DROP DATABASE \`${this.database}\``);
    await this.services.stop();
  }
}

/**
 * Starts everything below `folder`, which the caller made and removes. `configuration` is the document that is applied;
 * `@FOLDER@` in it stands for the folder. `environment` overrides settings of the programs; without `tls` the servers
 * speak plain HTTP; `database` sizes the private MariaDB; `serverOptions` are options of Node for the servers.
 */
export async function startInstallation({
  folder,
  configuration,
  urls,
  servers = 1,
  agents = 1,
  environment = {},
  tls = true,
  database: size,
  serverOptions = [],
  log = () => undefined,
}) {
  mkdirSync(folder, { recursive: true });
  log('starting MariaDB and Redis');
  const services = await startServices({
    dataDir: join(folder, 'services'),
    durable: true,
    log,
    ...(size === undefined ? {} : { size }),
    ...(urls === undefined ? {} : { urls }),
  });
  const started = [];
  try {
    const certificates = await makeCertificates(folder);
    const ca = readFileSync(certificates.ca, 'utf8');
    const masterKey = join(folder, 'master.key');
    writeFileSync(masterKey, randomBytes(32).toString('hex'), { mode: 0o600 });
    const ports = await Promise.all(Array.from({ length: servers }, freePort));
    const scheme = tls ? 'https' : 'http';
    const url = `${scheme}://localhost:${ports[0]}`;
    const database = `pilotage_${randomBytes(4).toString('hex')}`;
    const settings = {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PILOTAGE_DATABASE_URL: await createDatabase(services.databaseUrl, database),
      PILOTAGE_REDIS_URL: services.redisUrl,
      PILOTAGE_REDIS_PREFIX: `pilotage-${randomBytes(4).toString('hex')}`,
      PILOTAGE_PUBLIC_URL: url,
      ...(tls ? { PILOTAGE_TLS_CERT: certificates.cert, PILOTAGE_TLS_KEY: certificates.key } : {}),
      ...(tls ? { PILOTAGE_CA: certificates.ca } : {}),
      PILOTAGE_MASTER_KEY_FILE: masterKey,
      PILOTAGE_DATA_DIR: folder,
      PILOTAGE_AGENT_PACE: '0.1',
      ...environment,
    };
    const serverPrograms = ports.map((port, index) => {
      const own = { ...settings, PILOTAGE_LISTEN: `127.0.0.1:${port}` };
      const ready = answersAt(`${scheme}://localhost:${port}`, '/api/health/live', ca);
      return new Program(`server ${index + 1}`, [...serverOptions, 'dist/main.js'], {
        environment: own,
        logFile: join(folder, `server-${index + 1}.log`),
        ready,
      });
    });
    const metricsPorts = await Promise.all(Array.from({ length: agents }, freePort));
    const agentPrograms = metricsPorts.map((port, index) => {
      const own = { ...settings, PILOTAGE_METRICS_LISTEN: `127.0.0.1:${port}` };
      const ready = async () => undefined;
      return new Program(`agents ${index + 1}`, ['dist/agents/main.js'], {
        environment: own,
        logFile: join(folder, `agents-${index + 1}.log`),
        ready,
      });
    });
    const installation = new Installation({
      url,
      ca: certificates.ca,
      folder,
      services,
      database,
      environment: settings,
      servers: serverPrograms,
      agents: agentPrograms,
    });
    log('migrating the database and applying the configuration');
    await installation.admin('migrate');
    const document = join(folder, 'configuration.yml');
    writeFileSync(document, configuration.replaceAll('@FOLDER@', folder));
    await installation.admin('config', 'apply', document);
    log(`starting ${servers} server and ${agents} agents process`);
    for (const program of [...serverPrograms, ...agentPrograms]) {
      started.push(program);
      await program.start();
    }
    return installation;
  } catch (error) {
    for (const program of started.reverse()) await program.stop();
    await services.stop();
    throw error;
  }
}
