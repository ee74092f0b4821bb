import { readFileSync } from 'node:fs';
import { createPool } from 'mysql2/promise';
import { startInstallation } from '../scripts/installation/index.mjs';
import { serverFlags } from '../scripts/server-flags.mjs';
import { SigningKeys, Tokens } from '../dist/auth/index.js';
import { Database, deriveKey, Log } from '../dist/platform/index.js';

const tokenSeconds = 86_400;

/** Site, CE and queue of all pilots of a run. */
export const place = { site: 'Bench.Local', ce: 'local', queue: 'all' };
/** VO and group of everybody. */
export const group = { vo: 'bench', group: 'bench_user' };
/** The database's sizes; the machine should have three times as much memory. */
export const databaseSize = { bufferPool: '2G', logFile: '1G' };

/**
 * The document of a configuration with these groups and sites; `@FOLDER@` stands for the installation's folder. No agents
 * run: neither the limits of a CE nor its driver matter.
 */
export function documentOf({ groups, sites }) {
  const none = { per_second: 0 };
  const jobs = { max_waiting_per_owner: 100_000_000 };
  const [default_group] = Object.keys(groups);
  return JSON.stringify({
    vos: { [group.vo]: { default_group, groups, jobs } },
    sites,
    limits: {
      // One user or pilot of a run does the work of many.
      rates: { pilot: none, submit: none, report: none, change: none, search: none, read: none },
      searches: { waiting: 1_000, per_user: 1_000, longest_wait: 60 },
    },
    storage: {
      sandboxes: 'BenchSE',
      pilot_logs: 'BenchSE',
      elements: { BenchSE: { driver: 'file', root: '@FOLDER@/storage' } },
    },
  });
}

const configuration = documentOf({
  groups: {
    [group.group]: { properties: ['NormalUser'] },
    bench_admin: { properties: ['JobAdministrator', 'ServiceAdministrator'] },
  },
  sites: {
    [place.site]: {
      ces: {
        [place.ce]: {
          driver: 'local',
          settings: { folder: '@FOLDER@/ce', slots: 1 },
          queues: { [place.queue]: { vos: [group.vo], processors: 8, memory: 16_000, max_wall_time: 864_000 } },
        },
      },
    },
  },
});

/** An installation of one server, with a way into its database and its key for tokens. */
class World {
  constructor(parts) {
    Object.assign(this, parts);
  }

  get url() {
    return this.installation.url;
  }

  get serverPid() {
    return this.installation.servers[0].pid;
  }

  /** The servers themselves, past the proxy that stands before several of them. */
  get urls() {
    const { protocol } = new URL(this.url);
    return this.installation.servers.map(
      ({ environment }) => `${protocol}//localhost:${environment.PILOTAGE_LISTEN.split(':')[1]}`,
    );
  }

  /** The rows of one statement. */
  async query(sql, values) {
    const [rows] = await this.pool.query(sql, values);
    return rows;
  }

  /** The single number that a statement answers. */
  async number(sql, values) {
    const [row] = await this.query(sql, values);
    return Number(Object.values(row)[0]);
  }

  userToken(name) {
    const user = { ...group, subject: subjectOf(name), username: name, properties: ['NormalUser'] };
    return this.tokens.forUser(user, tokenSeconds).token;
  }

  pilotToken(stamp) {
    return this.tokens.forPilot({ vo: group.vo, stamp }, tokenSeconds).token;
  }

  attemptToken(stamp, jobId, attempt) {
    return this.tokens.forAttempt({ vo: group.vo, stamp, jobId, attempt }, tokenSeconds).token;
  }

  /** Fresh server processes, so that no path pays for what another one left in memory. */
  async restartServer(serverOptions) {
    for (const server of this.installation.servers) {
      await server.stop();
      server.args = [...serverFlags, ...serverOptions, 'dist/main.js'];
      await server.start();
    }
  }

  async stop() {
    this.keys.close();
    await this.database.close();
    await this.pool.end();
    await this.installation.stop();
  }
}

/** Who a user of this name is. */
export function subjectOf(name) {
  return `${group.vo}:${name}`;
}

/** Starts everything below `folder`; in `document`, if there is one, `@FOLDER@` stands for it. */
export async function startWorld({ folder, options, log, document = configuration, servers = 1, size = databaseSize }) {
  const installation = await startInstallation({
    folder,
    configuration: document,
    urls: {},
    servers,
    agents: 0,
    tls: options.https,
    database: size,
    environment: { PILOTAGE_LEASE_SECONDS: '86400' },
    log,
  });
  const { environment } = installation;
  const pool = createPool({ uri: environment.PILOTAGE_DATABASE_URL, connectionLimit: 4, multipleStatements: false });
  const database = await Database.open(environment.PILOTAGE_DATABASE_URL, 2);
  const masterKey = Buffer.from(readFileSync(environment.PILOTAGE_MASTER_KEY_FILE, 'utf8').trim(), 'hex');
  const keys = new SigningKeys(database, deriveKey(masterKey, 'signing-keys'), new Log('bench', 'error'));
  await keys.start();
  const tokens = new Tokens(keys, installation.url);
  return new World({ folder, installation, pool, database, keys, tokens });
}
