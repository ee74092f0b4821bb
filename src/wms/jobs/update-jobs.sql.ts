import type { Transaction } from '../../platform/index.js';

/** New values of columns of one job. */
export interface JobChange {
  id: number;
  columns: Readonly<Record<string, unknown>>;
}

/** The database looks through the cases of a statement row by row. */
const perStatement = 200;

/** Changes rows of jobs, which the caller has locked. Those that change in the same columns share statements. */
export async function updateJobs(tx: Transaction, changes: readonly JobChange[]): Promise<void> {
  const alike = new Map<string, JobChange[]>();
  for (const change of changes) {
    const names = Object.keys(change.columns).toSorted().join();
    const others = alike.get(names);
    if (others === undefined) alike.set(names, [change]);
    else others.push(change);
  }
  for (const same of alike.values()) {
    for (let start = 0; start < same.length; start += perStatement) {
      await updateAlike(tx, same.slice(start, start + perStatement));
    }
  }
}

/** The rows of these changes, which name the same columns. A column that gets one value everywhere needs no cases. */
async function updateAlike(tx: Transaction, changes: readonly JobChange[]): Promise<void> {
  const names = Object.keys(changes[0]?.columns ?? {});
  const values: unknown[] = [];
  const assignments = names.map((name) => {
    const of = changes.map(({ id, columns }) => [id, columns[name]]);
    if (of.every(([, value]) => value === of[0]?.[1])) {
      values.push(of[0]?.[1]);
      return `${name} = ?`;
    }
    values.push(...of.flat());
    return `${name} = CASE job_id ${of.map(() => 'WHEN ? THEN ?').join(' ')} END`;
  });
  await tx.execute(`UPDATE jobs SET ${['last_update_time = NOW(6)', ...assignments].join(', ')} WHERE job_id IN (?)`, [
    ...values,
    changes.map(({ id }) => id),
  ]);
}
