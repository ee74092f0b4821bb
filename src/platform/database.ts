import { DataSource } from 'typeorm';
import { ConfigurationError } from './config.js';
import { type Changes, type Connection, Connections, run, type StatementResult } from './connections.js';
import { migrations } from './migrations/index.js';

/** Whatever can run a statement: the database itself or a transaction. Rows come as objects, times as UTC strings. */
export interface Queryable {
  query<T = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<T[]>;
  /** Runs a statement that changes rows; the count is of rows that matched. */
  execute(sql: string, parameters?: unknown[]): Promise<{ affectedRows: number; insertId: number }>;
}

/** A transaction in progress. */
export type Transaction = Queryable;

const lockedByOther = new Set(['ER_LOCK_DEADLOCK', 'ER_LOCK_WAIT_TIMEOUT', 'ER_CHECKREAD']);
const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'PROTOCOL_CONNECTION_LOST', 'ENOENT', 'EPIPE', 'ETIMEDOUT']);

function codeOf(error: unknown): string {
  const { code, driverError } = error as { code?: string; driverError?: { code?: string } };
  return driverError?.code ?? code ?? '';
}

/** The driver gives no code to a statement that meets a connection which has just been lost. */
function metClosedConnection(error: unknown): boolean {
  const { driverError } = error as { driverError?: { fatal?: boolean } };
  return driverError?.fatal === true && codeOf(error) === '';
}

/**
 * Whether the database went away, refuses connections for now, or could not get its locks in all its tries; the caller
 * may try again later.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  const code = codeOf(error);
  return (
    unreachable.has(code) ||
    lockedByOther.has(code) ||
    metClosedConnection(error) ||
    code === 'ER_SERVER_SHUTDOWN' ||
    code === 'ER_CON_COUNT_ERROR' ||
    code === 'ER_CONNECTION_KILLED'
  );
}

/** Whether a statement failed because a row with the same unique key exists. */
export function isDuplicate(error: unknown): boolean {
  return codeOf(error) === 'ER_DUP_ENTRY';
}

function over(statement: (sql: string, parameters?: unknown[]) => Promise<StatementResult>): Queryable {
  return {
    query: async <T>(sql: string, parameters?: unknown[]) => (await statement(sql, parameters)) as T[],
    execute: async (sql, parameters) => {
      const { affectedRows, insertId } = (await statement(sql, parameters)) as Changes;
      return { affectedRows, insertId };
    },
  };
}

/**
 * The one truth: a pool of connections, READ COMMITTED, UTC, times as strings of microseconds.
 * A connection that breaks is replaced; statements that fail with it fail for their caller.
 */
export class Database implements Queryable {
  private readonly statements: Queryable;

  private constructor(
    private readonly source: DataSource,
    private readonly connections: Connections,
  ) {
    this.statements = over((sql, parameters) => connections.lend((connection) => run(connection, sql, parameters)));
  }

  /** Opens the pool; `size` is the largest number of its connections. */
  static async open(url: string, size = 20): Promise<Database> {
    const parsed = parseUrl(url);
    const source = new DataSource({
      type: 'mysql',
      ...parsed,
      charset: 'utf8mb4',
      timezone: 'Z',
      dateStrings: true,
      supportBigNumbers: true,
      bigNumberStrings: false,
      migrations,
      migrationsTableName: 'schema_migrations',
      extra: { connectionLimit: size, decimalNumbers: true, enableKeepAlive: true, connectTimeout: 10_000 },
    });
    await source.initialize();
    const connections = new Connections(source, sessionSettings);
    // The connection that initialize() used was opened before its settings were known.
    await connections.lend(async (connection) => {
      for (const setting of sessionSettings) await run(connection, setting);
    });
    return new Database(source, connections);
  }

  query<T = Record<string, unknown>>(sql: string, parameters?: unknown[]): Promise<T[]> {
    return this.statements.query<T>(sql, parameters);
  }

  execute(sql: string, parameters?: unknown[]): Promise<{ affectedRows: number; insertId: number }> {
    return this.statements.execute(sql, parameters);
  }

  /** Runs `body` in one transaction; after a deadlock it runs again, up to five times. `body` must be repeatable. */
  async transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.connections.lend((connection) => inTransaction(connection, body));
      } catch (error) {
        if (!lockedByOther.has(codeOf(error)) || tries >= 5) throw error;
        await new Promise((resolve) => setTimeout(resolve, tries * 10 * Math.random()));
      }
    }
  }

  /**
   * Runs `body` while this session holds a named lock of the database; null when another session holds it after
   * `waitSeconds`. The lock ends with the session, so a crashed holder never blocks others; `lost` is aborted when that
   * happens while `body` works. What idles between here and the database has no reason to end the session.
   */
  async withLock<T>(name: string, waitSeconds: number, body: (lost: AbortSignal) => Promise<T>): Promise<T | null> {
    return this.connections.lend(async (connection) => {
      // Locks are named for the whole database server, which several installations may share.
      const rows = (await run(connection, `SELECT GET_LOCK(${ownLock}, ?) AS held`, [name, waitSeconds])) as {
        held: number;
      }[];
      if (Number(rows[0]?.held) !== 1) return null;
      const lost = new AbortController();
      const alive = setInterval(() => {
        run(connection, 'DO 1').catch((error: unknown) => lost.abort(error));
      }, lockPulseSeconds * 1_000);
      try {
        return await body(lost.signal);
      } finally {
        clearInterval(alive);
        await run(connection, `SELECT RELEASE_LOCK(${ownLock})`, [name]).catch((error: unknown) => {
          connection.destroy();
          throw error;
        });
      }
    });
  }

  /** Applies the migrations that are missing, one process at a time. Returns their names. */
  async migrate(): Promise<string[]> {
    const applied = await this.withLock('pilotage-migrations', 120, () =>
      this.source.runMigrations({ transaction: 'each' }),
    );
    if (applied === null)
      throw new ConfigurationError('Another process has been migrating the database for two minutes');
    return applied.map((migration) => migration.name);
  }

  /** Whether every migration that this program knows has been applied. Reads only. */
  async isMigrated(): Promise<boolean> {
    try {
      const rows = await this.query<{ name: string }>('SELECT name FROM schema_migrations');
      const applied = new Set(rows.map(({ name }) => name));
      return migrations.every(({ name }) => applied.has(name));
    } catch (error) {
      if (codeOf(error) === 'ER_NO_SUCH_TABLE') return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.source.isInitialized) await this.source.destroy();
  }
}

const lockPulseSeconds = 10;
const ownLock = `SHA1(CONCAT(DATABASE(), ':', ?))`;

async function inTransaction<T>(connection: Connection, body: (tx: Transaction) => Promise<T>): Promise<T> {
  await run(connection, 'START TRANSACTION');
  try {
    const value = await body(over((sql, parameters) => run(connection, sql, parameters)));
    await run(connection, 'COMMIT');
    return value;
  } catch (error) {
    // The server rolls back what a lost session did; nobody may find the rest of it on this connection.
    await run(connection, 'ROLLBACK').catch(() => connection.destroy());
    throw error;
  }
}

// Once per session, so that transactions need no statement for it.
const sessionSettings = [
  `SET time_zone = '+00:00', innodb_lock_wait_timeout = 20,
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`,
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
];

function parseUrl(url: string): {
  host?: string;
  port?: number;
  username: string;
  password: string;
  database: string;
  socketPath?: string;
} {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new ConfigurationError('PILOTAGE_DATABASE_URL is not a URL (mysql://user:password@host:port/database)', {
      cause,
    });
  }
  const database = parsed.pathname.slice(1);
  if (database === '') throw new ConfigurationError('PILOTAGE_DATABASE_URL names no database');
  const socketPath = parsed.searchParams.get('socketPath');
  return {
    username: decodeURIComponent(parsed.username),
    password: decodeURIComponent(parsed.password),
    database,
    ...(socketPath === null ? { host: parsed.hostname, port: Number(parsed.port || 3306) } : { socketPath }),
  };
}
