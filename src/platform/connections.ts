import type { DataSource } from 'typeorm';

/** What a statement did that changes rows. */
export interface Changes {
  affectedRows: number;
  insertId: number;
}

/** The rows of a statement, or what it changed. */
export type StatementResult = Record<string, unknown>[] | Changes;

/**
 * A connection of the driver, as far as it is used here. By callbacks: the driver's promises and TypeORM's query runners
 * cost several times as much CPU per statement (docs/decisions/0001).
 */
export interface Connection {
  query(
    sql: string,
    parameters: unknown[] | undefined,
    done: (error: Error | null, result: StatementResult) => void,
  ): void;
  release(): void;
  destroy(): void;
}

interface DriverPool {
  getConnection(done: (error: Error | null, connection: Connection) => void): void;
  on(event: 'connection', listener: (connection: { query(sql: string): void }) => void): void;
}

/** A statement that the database refused or did not answer; `driverError` has its code. */
export class StatementError extends Error {
  constructor(readonly driverError: Error) {
    super(driverError.message);
  }
}

/** Runs one statement on this connection. */
export async function run(connection: Connection, sql: string, parameters?: unknown[]): Promise<StatementResult> {
  try {
    return await new Promise((resolve, reject) => {
      connection.query(sql, parameters, (error, result) => (error ? reject(error) : resolve(result)));
    });
  } catch (error) {
    // Made here, so that its stack names the callers.
    throw new StatementError(error as Error);
  }
}

/** The pool of an initialized DataSource; `settings` are run on every connection before its first statement. */
export class Connections {
  private readonly pool: DriverPool;

  constructor(source: DataSource, settings: readonly string[]) {
    this.pool = (source.driver as unknown as { pool: DriverPool }).pool;
    this.pool.on('connection', (connection) => {
      for (const setting of settings) connection.query(setting);
    });
  }

  /** Lends a connection to `body`, which closes it (`destroy`) when nobody may use it any more. */
  async lend<T>(body: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.acquire();
    try {
      return await body(connection);
    } finally {
      connection.release();
    }
  }

  private async acquire(): Promise<Connection> {
    try {
      return await new Promise((resolve, reject) => {
        this.pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection)));
      });
    } catch (error) {
      throw new StatementError(error as Error);
    }
  }
}
