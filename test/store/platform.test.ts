import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Database, IdAllocator, isDuplicate, send } from '../../src/platform/index.js';
import { emptyDatabase, freshDatabase } from '../support/database.js';

describe('the database', () => {
  let fresh: Awaited<ReturnType<typeof freshDatabase>>;
  let database: Database;

  beforeAll(async () => {
    fresh = await freshDatabase();
    database = fresh.database;
  });
  afterAll(() => fresh.drop());

  it('speaks UTC and strings of microseconds on every connection', async () => {
    const ask = (): Promise<{ zone: string; at: string }[]> =>
      database.transaction((tx) => tx.query('SELECT @@time_zone AS zone, NOW(6) AS at'));
    const rows = (await Promise.all(Array.from({ length: 10 }, ask))).flat();
    for (const { zone, at } of rows) {
      expect(zone).toBe('+00:00');
      expect(at).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$/);
    }
    const offset = Math.abs(Date.parse(`${rows[0]?.at.replace(' ', 'T').slice(0, 23)}Z`) - Date.now());
    expect(offset).toBeLessThan(60_000);
  });

  it('reads what others have committed, also within a transaction', async () => {
    await database.execute("INSERT INTO sequences (name, next_id) VALUES ('read', 1)");
    const seen = await database.transaction(async (tx) => {
      const look = (): Promise<unknown[]> => tx.query("SELECT next_id FROM sequences WHERE name = 'read'");
      const before = await look();
      await database.execute("UPDATE sequences SET next_id = 2 WHERE name = 'read'");
      return [before, await look()];
    });
    expect(seen).toEqual([[{ next_id: 1 }], [{ next_id: 2 }]]);
  });

  it('takes back everything when a transaction fails', async () => {
    const failing = database.transaction(async (tx) => {
      await tx.execute("INSERT INTO sequences (name, next_id) VALUES ('taken-back', 1)");
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await database.query("SELECT * FROM sequences WHERE name = 'taken-back'")).toEqual([]);
  });

  it('runs a transaction again after a deadlock', async () => {
    await database.execute("INSERT INTO sequences (name, next_id) VALUES ('dead-a', 0), ('dead-b', 0)");
    const step = (first: string, second: string, met: () => Promise<void>): Promise<void> =>
      database.transaction(async (tx) => {
        await tx.execute('UPDATE sequences SET next_id = next_id + 1 WHERE name = ?', [first]);
        await met();
        await tx.execute('UPDATE sequences SET next_id = next_id + 1 WHERE name = ?', [second]);
      });
    let arrived = 0;
    let open: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (open = resolve));
    const met = async (): Promise<void> => {
      arrived += 1;
      if (arrived >= 2) open();
      await both;
    };
    await Promise.all([step('dead-a', 'dead-b', met), step('dead-b', 'dead-a', met)]);
    const rows = await database.query<{ next_id: number }>(
      "SELECT next_id FROM sequences WHERE name IN ('dead-a', 'dead-b')",
    );
    expect(rows.map(({ next_id }) => next_id)).toEqual([2, 2]);
  });

  it('tells a duplicate from other failures', async () => {
    const twice = async (): Promise<unknown> =>
      database.execute("INSERT INTO sequences (name, next_id) VALUES ('jobs', 1)");
    await expect(twice().catch((error: unknown) => isDuplicate(error))).resolves.toBe(true);
    await expect(database.query('SELECT * FROM nothing').catch((error: unknown) => isDuplicate(error))).resolves.toBe(
      false,
    );
  });

  it('lets one holder at a time have a named lock, and the next one when it is free', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let holding: () => void = () => undefined;
    const taken = new Promise<void>((resolve) => (holding = resolve));
    const first = database.withLock('test-lock', 0, async () => {
      holding();
      await held;
      return 'first';
    });
    await taken;
    expect(await database.withLock('test-lock', 0, async () => 'second')).toBeNull();
    release();
    expect(await first).toBe('first');
    expect(await database.withLock('test-lock', 0, async () => 'third')).toBe('third');
  });

  it('tells the holder of a named lock when the database has ended its session, and the lock with it', async () => {
    const ended = database.withLock('test-lost', 0, async (lost) => {
      const [holder] = await database.query<{ id: number }>(
        "SELECT IS_USED_LOCK(SHA1(CONCAT(DATABASE(), ':', 'test-lost'))) AS id",
      );
      await database.execute(`KILL CONNECTION ${holder?.id}`);
      expect(await database.withLock('test-lost', 20, async () => 'another')).toBe('another');
      await new Promise((resolve) => lost.addEventListener('abort', resolve));
    });
    await expect(ended).rejects.toThrow(/connection/i);
  }, 90_000);

  it('gives ids in blocks, never one twice, with several allocators at once', async () => {
    const allocators = [1, 2, 3].map(() => new IdAllocator(database, 'jobs', 10));
    const taken = await Promise.all(
      allocators.flatMap((allocator) => [allocator.take(7), allocator.take(25), allocator.take(1)]),
    );
    const ids = taken.flat();
    expect(new Set(ids).size).toBe(99);
    for (const part of taken) expect(part).toEqual(part.toSorted((a, b) => a - b));
  });

  it('keeps messages of a transaction only when it commits', async () => {
    const failing = database.transaction(async (tx) => {
      await send(tx, [{ topic: 'demand', payload: { lost: true } }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await database.transaction((tx) => send(tx, [{ topic: 'demand', payload: { kept: true } }]));
    const rows = await database.query<{ payload: string }>('SELECT payload FROM outbox');
    expect(rows.map(({ payload }) => payload)).toEqual(['{"kept":true}']);
  });
});

describe('migrations', () => {
  it('are applied once when several servers start at the same time', async () => {
    const empty = await emptyDatabase();
    const servers = await Promise.all([1, 2, 3].map(() => Database.open(empty.url, 2)));
    try {
      expect(await Promise.all(servers.map((server) => server.isMigrated()))).toEqual([false, false, false]);
      const applied = await Promise.all(servers.map((server) => server.migrate()));
      expect(applied.filter((names) => names.length > 0)).toHaveLength(1);
      expect(await Promise.all(servers.map((server) => server.isMigrated()))).toEqual([true, true, true]);
    } finally {
      await Promise.all(servers.map((server) => server.close()));
      await empty.drop();
    }
  });
});
