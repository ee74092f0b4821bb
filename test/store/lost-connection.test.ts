import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Database, isDatabaseUnavailable } from '../../src/platform/index.js';
import { freshDatabase } from '../support/database.js';

describe('a database that cannot do its work now', () => {
  let database: Database;
  let drop: () => Promise<void>;

  beforeAll(async () => {
    ({ database, drop } = await freshDatabase());
  });
  afterAll(() => drop());

  const errorOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  it('is told from a bug when a connection goes away between two statements of a transaction', async () => {
    const error = await errorOf(
      database.transaction(async (tx) => {
        const [session] = await tx.query<{ id: number }>('SELECT CONNECTION_ID() AS id');
        await database.execute(`KILL ${session?.id}`);
        const alive = 'SELECT 1 AS one FROM information_schema.PROCESSLIST WHERE ID = ?';
        while ((await database.query(alive, [session?.id])).length > 0) await delay(20);
        // Time for the driver to see it, so that the next statement meets a connection that is known to be closed.
        await delay(100);
        await tx.query('SELECT 1 AS one');
      }),
    );
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is told from a bug when others hold the locks for too long', async () => {
    const raise = "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock found'";
    let tries = 0;
    const error = await errorOf(
      database.transaction(async (tx) => {
        tries += 1;
        await tx.execute(raise);
      }),
    );
    expect(tries).toBe(5);
    expect(isDatabaseUnavailable(error)).toBe(true);
  });

  it('is not said to be unavailable when a statement is wrong', async () => {
    expect(isDatabaseUnavailable(await errorOf(database.query('SELECT nothing')))).toBe(false);
  });
});
