import type { Configuration } from '../../configuration/index.js';
import { type Database, type Queryable, toEpoch } from '../../platform/index.js';
import { type Partition, type PartitionedTable, planPartitions } from './partition-plan.js';

/** The tables in time partitions, with the rules in force. */
export function partitionedTables({ retention }: Pick<Configuration, 'retention'>): PartitionedTable[] {
  const { history_days } = retention;
  return [
    { name: 'job_history', period: 'month', keepDays: history_days, ofJobs: true },
    { name: 'attempts', period: 'month', keepDays: history_days, ofJobs: true },
    // Keys of idempotency are honoured for 24 hours.
    { name: 'repeated_requests', period: 'day', keepDays: 2, ofJobs: false },
  ];
}

/** A partition as the database describes it. */
export interface ExistingPartition extends Partition {
  /** Both are estimates of the database. */
  rows: number;
  bytes: number;
}

/** What shall become of a partition that is past its age: a job is still there that has rows in it. */
export interface HeldPartition {
  name: string;
  jobId: number;
}

/** What is and what shall be. */
export interface PartitionState {
  existing: ExistingPartition[];
  /** What lies in the catch-all partition; nothing, as long as others are made ahead of time. */
  future: { rows: number; bytes: number };
  create: Partition[];
  drop: string[];
  held: HeldPartition[];
}

/** The partitions of a table, and what is to be done about them now. */
export async function lookAtPartitions(database: Queryable, table: PartitionedTable): Promise<PartitionState> {
  const [clock] = await database.query<{ now: string }>('SELECT CAST(NOW(6) AS CHAR) AS now');
  const all = await database.query<ExistingPartition>(
    `SELECT PARTITION_NAME AS name, PARTITION_DESCRIPTION AS end, TABLE_ROWS AS \`rows\`,
       DATA_LENGTH + INDEX_LENGTH AS bytes FROM information_schema.PARTITIONS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY PARTITION_ORDINAL_POSITION`,
    [table.name],
  );
  const existing = all
    .filter(({ name }) => name !== 'future')
    .map((partition) => ({ ...partition, end: partition.end.replaceAll("'", '').slice(0, 10) }));
  const { rows = 0, bytes = 0 } = all.find(({ name }) => name === 'future') ?? {};
  const { create, drop } = planPartitions(table, existing, toEpoch(clock?.now ?? ''));
  const held = table.ofJobs ? await heldPartitions(database, table.name, drop) : [];
  const kept = new Set(held.map(({ name }) => name));
  return { existing, future: { rows, bytes }, create, drop: drop.filter((name) => !kept.has(name)), held };
}

/**
 * Keeps the time partitions of a table: new ones are split off `future` ahead of time, so that splitting moves no rows,
 * and old ones are dropped whole. Answers how many it made and dropped.
 */
export async function keepPartitions(
  database: Database,
  table: PartitionedTable,
): Promise<{ created: number; dropped: number; held: HeldPartition[] }> {
  const { create, drop, held } = await lookAtPartitions(database, table);
  if (create.length > 0) {
    const parts = create.map(({ name, end }) => `PARTITION ${name} VALUES LESS THAN ('${end}')`).join(', ');
    await database.execute(
      `ALTER TABLE ${table.name} REORGANIZE PARTITION future INTO (${parts}, PARTITION future VALUES LESS THAN (MAXVALUE))`,
    );
  }
  if (drop.length > 0) await database.execute(`ALTER TABLE ${table.name} DROP PARTITION ${drop.join(', ')}`);
  return { created: create.length, dropped: drop.length, held };
}

/**
 * Those partitions in which a job has rows that is still there, with one such job each. Ids of jobs grow with time, so
 * few jobs have one as small as those of an old partition.
 */
async function heldPartitions(
  database: Queryable,
  table: string,
  partitions: readonly string[],
): Promise<HeldPartition[]> {
  const held: HeldPartition[] = [];
  for (const name of partitions) {
    const [found] = await database.query<{ job_id: number }>(
      `SELECT j.job_id FROM jobs j
       WHERE j.job_id <= (SELECT MAX(job_id) FROM ${table} PARTITION (${name}))
         AND EXISTS (SELECT 1 FROM ${table} PARTITION (${name}) r WHERE r.job_id = j.job_id)
       ORDER BY j.job_id LIMIT 1`,
    );
    if (found !== undefined) held.push({ name, jobId: found.job_id });
  }
  return held;
}
