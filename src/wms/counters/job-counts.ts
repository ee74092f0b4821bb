import { Injectable } from '@nestjs/common';
import { Database, type Transaction } from '../../platform/index.js';
import { type Cell, type CellColumn, cellColumns, type CountChange, type Grain, grains, sumUp } from './cells.js';

/** Deltas folded by one transaction. */
const perFold = 5_000;
const lock = 'job-counts';
const names = cellColumns.join(', ');
/** The cells first, since the others are held against them. */
const allGrains = (Object.keys(grains) as Grain[]).toReversed();

/** The columns of a grain for a SELECT: those that it does not tell apart are empty. */
function columnsOf(grain: Grain): string {
  const told: readonly string[] = grains[grain];
  return cellColumns.map((column) => (told.includes(column) ? column : `'' AS ${column}`)).join(', ');
}

/**
 * The counters of jobs: `job_counts` and the deltas that are not folded into it yet. Both together are exact at every
 * moment, because a delta is committed with the change that it counts, and is folded and removed by one transaction.
 */
@Injectable()
export class JobCounts {
  constructor(private readonly database: Database) {}

  /** Folds deltas into the counters until few are left. Several processes may try: one does it. Returns how many. */
  async fold(signal?: AbortSignal): Promise<number> {
    const folded = await this.database.withLock(lock, 0, async () => {
      for (let all = 0; ;) {
        signal?.throwIfAborted();
        const count = await this.database.transaction(foldSome);
        all += count;
        if (count < perFold) return all;
      }
    });
    return folded ?? 0;
  }

  /** Removes counters that have come to zero. Returns how many. */
  async removeEmpty(): Promise<number> {
    const { affectedRows } = await this.database.execute('DELETE FROM job_counts WHERE jobs = 0');
    return affectedRows;
  }

  /**
   * Counts all jobs and compares; answers how many counters are wrong. Reads every job, so it is for once a day. A wrong
   * counter is a bug, or was left by a server that knew no counters.
   */
  async check(): Promise<number> {
    let wrong = 0;
    for (const grain of allGrains) wrong += (await this.differences(grain)).length;
    return wrong;
  }

  /**
   * Checks and corrects, while jobs go on changing. Answers how many counters were wrong, null when a fold or another
   * repair holds the lock for `waitSeconds`.
   */
  async repair(waitSeconds = 30): Promise<number | null> {
    return this.database.withLock(lock, waitSeconds, async () => {
      let repaired = 0;
      for (const grain of allGrains) {
        const wrong = await this.differences(grain);
        // What is wrong stays wrong by as much whatever happens meanwhile, since all else is counted; the lock keeps folds away.
        await this.database.transaction(async (tx) => {
          for (let start = 0; start < wrong.length; start += 500) await correct(tx, wrong.slice(start, start + 500));
        });
        repaired += wrong.length;
      }
      await this.database.execute('INSERT INTO job_count_checks (repaired) VALUES (?)', [repaired]);
      return repaired;
    });
  }

  /** Repairs when that was not done for `hours`. Answers how many counters were wrong. */
  async repairAfter(hours: number): Promise<number> {
    const recent = await this.database.query(
      'SELECT 1 AS recent FROM job_count_checks WHERE checked_at > NOW(6) - INTERVAL ? HOUR LIMIT 1',
      [hours],
    );
    return recent.length > 0 ? 0 : ((await this.repair()) ?? 0);
  }

  /**
   * What the counters of a grain lack. One statement, hence one moment of the database. Only the cells are held against the
   * jobs; the other grains are sums of them, and the deltas are in neither.
   */
  private differences(grain: Grain): Promise<Row[]> {
    const groups = grains[grain].join(', ');
    const truth =
      grain === 'cell'
        ? `SELECT ${names}, COUNT(*) AS jobs FROM jobs GROUP BY ${groups}
           UNION ALL SELECT ${names}, -jobs FROM job_count_deltas`
        : `SELECT ${columnsOf(grain)}, SUM(jobs) AS jobs FROM job_counts WHERE grain = 'cell' GROUP BY ${groups}`;
    return this.database.query<Row>(
      `SELECT ? AS grain, ${names}, SUM(jobs) AS jobs
       FROM (${truth} UNION ALL SELECT ${names}, -jobs FROM job_counts WHERE grain = ?) AS counted
       GROUP BY ${names} HAVING SUM(jobs) <> 0`,
      [grain, grain],
    );
  }
}

interface Row extends Record<string, string | number> {
  jobs: number;
}

/** One transaction: these deltas are in the counters and gone, or nothing has happened. */
async function foldSome(tx: Transaction): Promise<number> {
  // Rows of transactions in progress are passed over; what is summed and removed is exactly what is locked here.
  const deltas = await tx.query<Cell & { delta_id: number; jobs: number }>(
    `SELECT delta_id, ${names}, jobs FROM job_count_deltas ORDER BY delta_id LIMIT ? FOR UPDATE SKIP LOCKED`,
    [perFold],
  );
  if (deltas.length === 0) return 0;
  const changes = deltas.map(({ delta_id: _id, jobs, ...cell }) => ({ cell, jobs }));
  for (const grain of allGrains) {
    const told: readonly string[] = grains[grain];
    const summed = sumUp(changes.map(({ cell, jobs }) => ({ cell: only(cell, told), jobs })));
    if (summed.length > 0) await addTo(tx, grain, summed);
  }
  const runs = runsOf(deltas.map(({ delta_id }) => delta_id));
  await tx.execute(
    `DELETE FROM job_count_deltas WHERE ${runs.map(() => 'delta_id BETWEEN ? AND ?').join(' OR ')}`,
    runs.flat(),
  );
  return deltas.length;
}

/** The cell in a grain: columns that it does not tell apart are empty. */
function only(cell: Cell, told: readonly string[]): Cell {
  return Object.fromEntries(cellColumns.map((column) => [column, told.includes(column) ? cell[column] : ''])) as Record<
    CellColumn,
    string
  >;
}

/** Ascending ids as first and last of each unbroken run. */
function runsOf(ids: readonly number[]): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === id - 1) run[1] = id;
    else runs.push([id, id]);
  }
  return runs;
}

async function addTo(tx: Transaction, grain: Grain, changes: readonly CountChange[]): Promise<void> {
  await correct(
    tx,
    changes.map(({ cell, jobs }) => ({ grain, ...cell, jobs })),
  );
}

async function correct(tx: Transaction, rows: readonly Row[]): Promise<void> {
  await tx.execute(
    `INSERT INTO job_counts (grain, ${names}, jobs) VALUES ?
     ON DUPLICATE KEY UPDATE job_counts.jobs = job_counts.jobs + VALUES(jobs)`,
    [rows.map((row) => ['grain', ...cellColumns, 'jobs'].map((column) => row[column]))],
  );
}
