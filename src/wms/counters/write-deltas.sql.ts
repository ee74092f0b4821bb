import type { Transaction } from '../../platform/index.js';
import { cellColumns, type CountChange, sumUp } from './cells.js';

const perStatement = 1_000;
const columns = [...cellColumns, 'jobs'].join(', ');

/**
 * Counts what a transaction does to jobs: rows that are only added, so that nobody waits for anybody. Belongs into the
 * transaction that inserts, changes or removes the jobs; the jobs are locked by it, so the old values are true.
 */
export async function writeDeltas(tx: Transaction, changes: readonly CountChange[]): Promise<void> {
  const summed = sumUp(changes);
  for (let start = 0; start < summed.length; start += perStatement) {
    const rows = summed
      .slice(start, start + perStatement)
      .map(({ cell, jobs }) => [...cellColumns.map((column) => cell[column]), jobs]);
    await tx.execute(`INSERT INTO job_count_deltas (${columns}) VALUES ?`, [rows]);
  }
}

/** Counts jobs out before their rows are deleted. The transaction holds their locks. */
export async function countOut(tx: Transaction, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return;
  const names = cellColumns.join(', ');
  await tx.execute(
    `INSERT INTO job_count_deltas (${columns})
     SELECT ${names}, -COUNT(*) FROM jobs WHERE job_id IN (?) GROUP BY ${names}`,
    [jobIds],
  );
}
