import { createPool } from 'mysql2/promise';

/**
 * The baseline. Its order: `{ module, databaseUrl, seconds, data }`. The module, a path below bench/, gives `rawOf(data)`:
 * `connections`, and `write(connection, index)`, which runs one transaction (or read) of the barest statements and
 * answers its number of units; null when there is nothing left to do. Nothing else uses the machine meanwhile.
 */
process.once('message', async (order) => {
  process.send(await rate(order), () => process.disconnect());
});

async function rate({ module, databaseUrl, seconds, data }) {
  const { rawOf } = await import(new URL(`../${module}`, import.meta.url).href);
  const { connections, write } = rawOf(data);
  const pool = createPool({ uri: databaseUrl, connectionLimit: connections });
  const held = await Promise.all(Array.from({ length: connections }, () => pool.getConnection()));
  for (const connection of held) {
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await connection.query("SET time_zone = '+00:00'");
  }
  let units = 0;
  const start = performance.now();
  const until = start + seconds * 1_000;
  const drive = async (connection, index) => {
    while (performance.now() < until) {
      const done = await write(connection, index);
      if (done === null) return;
      units += done;
    }
  };
  await Promise.all(held.map(drive));
  const took = (performance.now() - start) / 1_000;
  for (const connection of held) connection.release();
  await pool.end();
  return { perSecond: units / took };
}
