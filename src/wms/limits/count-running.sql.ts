import { heldStates } from '../../contract/index.js';
import type { Queryable, Transaction } from '../../platform/index.js';
import type { LimitScope } from './limit.js';

interface HeldAttempt {
  job_id: number;
  attempt: number;
}

const attemptsPerStatement = 1_000;

/**
 * Counts attempts that run but have no slot of this limit: they began before it was made, or before all servers knew it.
 * Those for which there is no free slot get numbers beyond. The key is locked. Attempts that somebody is changing are
 * passed over. Gives how many were counted.
 */
export async function countRunning(tx: Transaction, limitId: number, scope: LimitScope): Promise<number> {
  const found = await uncounted(tx, limitId, scope);
  let counted = 0;
  for (let start = 0; start < found.length; start += attemptsPerStatement) {
    counted += await count(tx, limitId, found.slice(start, start + attemptsPerStatement));
  }
  return counted;
}

function uncounted(tx: Queryable, limitId: number, scope: LimitScope): Promise<HeldAttempt[]> {
  const columns: [unknown, string][] = [
    [scope.vo, 'j.vo'],
    [scope.group, 'j.owner_group'],
    [scope.owner, 'j.owner'],
    [scope.subject, 'j.owner_subject'],
    [scope.jobType, 'j.job_type'],
    [scope.site, 'a.site'],
    [scope.ce, 'a.ce'],
  ];
  const given = columns.filter(([value]) => value !== undefined);
  return tx.query<HeldAttempt>(
    `SELECT l.job_id, l.attempt FROM jobs j JOIN leases l ON l.job_id = j.job_id
       JOIN attempts a ON a.job_id = l.job_id AND a.attempt = l.attempt AND a.claimed_at = l.claimed_at
       LEFT JOIN limit_uses u ON u.job_id = l.job_id AND u.attempt = l.attempt AND u.limit_id = ?
     WHERE u.job_id IS NULL AND j.status IN (?) ${given.map(([, column]) => `AND ${column} = ?`).join(' ')}`,
    [limitId, heldStates, ...given.map(([value]) => value)],
  );
}

async function count(tx: Transaction, limitId: number, attempts: readonly HeldAttempt[]): Promise<number> {
  const attemptOf = new Map(attempts.map(({ job_id, attempt }) => [job_id, attempt]));
  const rows = await tx.query<HeldAttempt>(
    'SELECT job_id, attempt FROM leases WHERE job_id IN (?) FOR UPDATE SKIP LOCKED',
    [[...attemptOf.keys()].toSorted((a, b) => a - b)],
  );
  const held = rows.filter(({ job_id, attempt }) => attemptOf.get(job_id) === attempt);
  if (held.length === 0) return 0;
  const free = await tx.query<{ number: number }>(
    'SELECT number FROM limit_slots WHERE limit_id = ? ORDER BY number LIMIT ? FOR UPDATE SKIP LOCKED',
    [limitId, held.length],
  );
  if (free.length > 0) {
    await tx.execute('DELETE FROM limit_slots WHERE limit_id = ? AND number IN (?)', [
      limitId,
      free.map(({ number }) => number),
    ]);
  }
  const [top] = await tx.query<{ number: number | null }>(
    `SELECT MAX(number) AS number FROM (SELECT number FROM limit_slots WHERE limit_id = ?
       UNION ALL SELECT number FROM limit_uses WHERE limit_id = ?
       UNION ALL SELECT slots FROM limit_keys WHERE limit_id = ?) numbers`,
    [limitId, limitId, limitId],
  );
  const beyond = top?.number ?? 0;
  await tx.execute('INSERT INTO limit_uses (job_id, attempt, limit_id, number) VALUES ?', [
    held.map(({ job_id, attempt }, index) => [
      job_id,
      attempt,
      limitId,
      free[index]?.number ?? Number(beyond) + 1 + index - free.length,
    ]),
  ]);
  await tx.execute('UPDATE leases SET limited = TRUE WHERE job_id IN (?)', [held.map(({ job_id }) => job_id)]);
  return held.length;
}
