import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../root.mjs';
import { startServices } from '../services/index.mjs';
import { freePort } from '../services/ports.mjs';
import { makeCertificates } from './certificates.mjs';
import { agentsProgram, proxyProgram, schemeOf, serverProgram } from './programs.mjs';
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

/**
 * One installation on this machine: private database and Redis, HTTPS servers and agents as processes of their own. Several
 * servers stand behind a proxy.
 */
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
    await this.proxy?.stop();
    await Promise.all(this.servers.map((program) => program.stop()));
    if (this.services.mariadb === null)
      await runStatement(this.services.databaseUrl, `DROP DATABASE \`${this.database}\``);
    await this.services.stop();
  }
}

/** Database of its own, keys and certificates below `folder`, and the settings of all programs. */
async function prepare({ folder, services, port, servers, environment, tls }) {
  const certificates = await makeCertificates(folder);
  const masterKey = join(folder, 'master.key');
  writeFileSync(masterKey, randomBytes(32).toString('hex'), { mode: 0o600 });
  const id = randomBytes(4).toString('hex');
  const database = `pilotage_${id}`;
  const settings = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    PILOTAGE_DATABASE_URL: await createDatabase(services.databaseUrl, database),
    PILOTAGE_REDIS_URL: services.redisUrl,
    PILOTAGE_REDIS_PREFIX: `pilotage-${id}`,
    PILOTAGE_PUBLIC_URL: `${schemeOf(tls)}://localhost:${port}`,
    ...(tls ? { PILOTAGE_TLS_CERT: certificates.cert, PILOTAGE_TLS_KEY: certificates.key } : {}),
    ...(tls ? { PILOTAGE_CA: certificates.ca } : {}),
    PILOTAGE_MASTER_KEY_FILE: masterKey,
    PILOTAGE_DATA_DIR: folder,
    PILOTAGE_AGENT_PACE: '0.1',
    // A lone server has nobody to tell that it stops.
    PILOTAGE_DRAIN_SECONDS: servers > 1 ? '2' : '0',
    ...environment,
  };
  return { database, settings, ca: certificates.ca };
}

/** Waits for all of them even if one fails, so that each is known and can be stopped. */
async function startAll(programs) {
  const starts = programs.map((program) => program.start());
  await Promise.allSettled(starts);
  await Promise.all(starts);
}

const freePorts = (count) => Promise.all(Array.from({ length: count }, freePort));

/**
 * Starts everything below `folder`, which the caller made and removes. `configuration` is the document that is applied;
 * `@FOLDER@` in it stands for the folder. `environment` overrides settings of the programs; without `tls` the servers
 * speak plain HTTP. With more than one server a proxy stands before them. `database` sizes the private MariaDB; `serverOptions`
 * are options of Node for the servers.
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
  const own = { ...(size === undefined ? {} : { size }), ...(urls === undefined ? {} : { urls }) };
  const services = await startServices({ dataDir: join(folder, 'services'), durable: true, log, ...own });
  const started = [];
  try {
    const ports = await freePorts(servers);
    const [port] = servers > 1 ? await freePorts(1) : ports;
    const made = await prepare({ folder, services, port, servers, environment, tls });
    const prepared = { folder, tls, serverOptions, ...made };
    const metricsPorts = await freePorts(agents);
    const installation = new Installation({
      url: prepared.settings.PILOTAGE_PUBLIC_URL,
      ca: prepared.ca,
      folder,
      services,
      database: prepared.database,
      environment: prepared.settings,
      proxy: servers > 1 ? proxyProgram(ports, prepared) : null,
      servers: ports.map((own, index) => serverProgram(own, index + 1, prepared)),
      agents: metricsPorts.map((port, index) => agentsProgram(port, index + 1, prepared)),
    });
    log('migrating the database and applying the configuration');
    await installation.admin('migrate');
    const document = join(folder, 'configuration.yml');
    writeFileSync(document, configuration.replaceAll('@FOLDER@', folder));
    await installation.admin('config', 'apply', document);
    log(`starting servers (${servers}) and agents (${agents})`);
    started.push(...installation.servers, ...installation.agents);
    await startAll(started);
    if (installation.proxy !== null) {
      started.push(installation.proxy);
      await installation.proxy.start();
    }
    return installation;
  } catch (error) {
    await Promise.all(started.map((program) => program.stop()));
    await services.stop();
    throw error;
  }
}
