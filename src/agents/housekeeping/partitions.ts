import { type Database, toEpoch } from '../../platform/index.js';
import { type PartitionedTable, planPartitions } from './partition-plan.js';

/**
 * Keeps the time partitions of a table: new ones are split off `future` ahead of time, so that splitting moves no rows,
 * and old ones are dropped whole. Answers how many it made and dropped.
 */
export async function keepPartitions(
  database: Database,
  table: PartitionedTable,
): Promise<{ created: number; dropped: number }> {
  const [clock] = await database.query<{ now: string }>('SELECT CAST(NOW(6) AS CHAR) AS now');
  const rows = await database.query<{ name: string; end: string }>(
    `SELECT PARTITION_NAME AS name, PARTITION_DESCRIPTION AS end FROM information_schema.PARTITIONS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND PARTITION_NAME <> 'future'`,
    [table.name],
  );
  const existing = rows.map(({ name, end }) => ({ name, end: end.replaceAll("'", '').slice(0, 10) }));
  const { create, drop } = planPartitions(table, existing, toEpoch(clock?.now ?? ''));
  if (create.length > 0) {
    const parts = create.map(({ name, end }) => `PARTITION ${name} VALUES LESS THAN ('${end}')`).join(', ');
    await database.execute(
      `ALTER TABLE ${table.name} REORGANIZE PARTITION future INTO (${parts}, PARTITION future VALUES LESS THAN (MAXVALUE))`,
    );
  }
  if (drop.length > 0) await database.execute(`ALTER TABLE ${table.name} DROP PARTITION ${drop.join(', ')}`);
  return { created: create.length, dropped: drop.length };
}
