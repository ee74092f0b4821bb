import { Database } from '../../src/platform/index.js';
import { testServices } from './services.js';

let made = 0;

/** A migrated database of its own for one test file. `drop` ends its connections and removes it. */
export async function freshDatabase(
  connections = 10,
): Promise<{ database: Database; url: string; drop(): Promise<void> }> {
  made += 1;
  const name = `pilotage_test_${process.pid}_${made}_${Date.now().toString(36)}`;
  const { databaseUrl } = testServices();
  await onServer((server) => server.execute(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`));
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const database = await Database.open(url.href, connections);
  await database.migrate();
  return {
    database,
    url: url.href,
    async drop() {
      await database.close();
      await onServer((server) => server.execute(`DROP DATABASE ${name}`));
    },
  };
}

/** An empty database, as it is before the first migration. */
export async function emptyDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  made += 1;
  const name = `pilotage_empty_${process.pid}_${made}_${Date.now().toString(36)}`;
  await onServer((server) => server.execute(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`));
  const url = new URL(testServices().databaseUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    drop: () => onServer(async (server) => void (await server.execute(`DROP DATABASE ${name}`))),
  };
}

async function onServer<T>(body: (server: Database) => Promise<T>): Promise<T> {
  const url = new URL(testServices().databaseUrl);
  url.pathname = '/mysql';
  const server = await Database.open(url.href, 1);
  try {
    return await body(server);
  } finally {
    await server.close();
  }
}
