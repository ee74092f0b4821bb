import { finalStates } from '../../contract/index.js';
import type { Database, Queryable, Transaction } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import { keyOf } from './pfn.js';

/** Sandboxes looked at in one transaction. A storage element is asked under their locks, so there are few. */
const atOnce = 50;
const perPage = 1_000;

/** Deletes the links of sandboxes to jobs; sandboxes that no job uses any more are marked as such. */
export async function detach(tx: Transaction, jobIds: readonly number[]): Promise<void> {
  if (jobIds.length === 0) return;
  const of = await tx.query<{ id: number }>('SELECT DISTINCT sandbox_id AS id FROM job_sandboxes WHERE job_id IN (?)', [
    jobIds,
  ]);
  await tx.execute('DELETE FROM job_sandboxes WHERE job_id IN (?)', [jobIds]);
  await markUnused(
    tx,
    of.map(({ id }) => id),
  );
}

/**
 * Takes output sandboxes from jobs of a VO that have been in a final state for `days`, and marks sandboxes that no job
 * uses. Only sandboxes that nobody touched for so long are looked at. Returns how many links went.
 */
export async function releaseSandboxes(
  database: Database,
  { vo, days, signal }: { vo: string; days: number; signal: AbortSignal },
): Promise<number> {
  let after = { last_access: '1970-01-01', sandbox_id: 0 };
  let released = 0;
  for (;;) {
    signal.throwIfAborted();
    const page = await database.query<typeof after>(
      `SELECT sandbox_id, last_access FROM sandboxes WHERE assigned = TRUE AND vo = ?
         AND last_access < NOW(6) - INTERVAL ? SECOND
         AND (last_access > ? OR (last_access = ? AND sandbox_id > ?)) ORDER BY last_access, sandbox_id LIMIT ?`,
      [vo, seconds(days), after.last_access, after.last_access, after.sandbox_id, perPage],
    );
    const last = page.at(-1);
    if (last === undefined) return released;
    after = last;
    const ids = page.map(({ sandbox_id }) => sandbox_id);
    released += await database.transaction(async (tx) => {
      const links = await outdatedOutputs(tx, ids, days);
      if (links.length > 0) {
        await tx.execute("DELETE FROM job_sandboxes WHERE kind = 'output' AND job_id IN (?) AND sandbox_id IN (?)", [
          links.map(({ job_id }) => job_id),
          links.map(({ sandbox_id }) => sandbox_id),
        ]);
      }
      await markUnused(tx, ids);
      return links.length;
    });
  }
}

/**
 * Removes sandboxes of a VO that no job uses and that nobody touched for `days`: bytes first, then the rows, under the
 * locks of the rows so that a new use cannot slip in between. Returns how many went.
 */
export async function removeUnused(
  database: Database,
  element: StorageElement,
  { vo, days, signal }: { vo: string; days: number; signal: AbortSignal },
): Promise<number> {
  let removed = 0;
  for (;;) {
    signal.throwIfAborted();
    const old = await database.query<{ id: number }>(
      `SELECT sandbox_id AS id FROM sandboxes WHERE assigned = FALSE AND vo = ? AND last_access < NOW(6) - INTERVAL ? SECOND
       ORDER BY last_access LIMIT ?`,
      [vo, seconds(days), atOnce],
    );
    if (old.length === 0) return removed;
    removed += await database.transaction((tx) =>
      removeThese(
        tx,
        element,
        old.map(({ id }) => id),
        days,
      ),
    );
  }
}

async function removeThese(tx: Transaction, element: StorageElement, ids: number[], days: number): Promise<number> {
  const rows = await tx.query<{ id: number; pfn: string }>(
    `SELECT sandbox_id AS id, pfn FROM sandboxes WHERE sandbox_id IN (?) AND last_access < NOW(6) - INTERVAL ? SECOND
     ORDER BY sandbox_id FOR UPDATE`,
    [ids, seconds(days)],
  );
  const used = await usedOf(tx, ids);
  // Marked again, or the next look would find it again and again.
  if (used.size > 0) await tx.execute('UPDATE sandboxes SET assigned = TRUE WHERE sandbox_id IN (?)', [[...used]]);
  const unused = rows.filter(({ id }) => !used.has(id));
  if (unused.length === 0) return 0;
  await element.remove(unused.map(({ pfn }) => keyOf(pfn)));
  await tx.execute('DELETE FROM sandboxes WHERE sandbox_id IN (?)', [unused.map(({ id }) => id)]);
  return unused.length;
}

/** Links of these sandboxes as outputs of jobs that ended long ago and hold no lease. */
function outdatedOutputs(
  tx: Queryable,
  sandboxIds: readonly number[],
  days: number,
): Promise<{ job_id: number; sandbox_id: number }[]> {
  return tx.query(
    `SELECT js.job_id, js.sandbox_id FROM job_sandboxes js JOIN jobs j ON j.job_id = js.job_id
     WHERE js.sandbox_id IN (?) AND js.kind = 'output' AND j.status IN (?)
       AND j.last_update_time < NOW(6) - INTERVAL ? SECOND
       AND NOT EXISTS (SELECT 1 FROM leases l WHERE l.job_id = j.job_id)`,
    [sandboxIds, finalStates, seconds(days)],
  );
}

/** Marks those of these sandboxes that no job uses. Their rows are locked first, as a new use does. */
async function markUnused(tx: Transaction, sandboxIds: readonly number[]): Promise<void> {
  if (sandboxIds.length === 0) return;
  await tx.query('SELECT sandbox_id FROM sandboxes WHERE sandbox_id IN (?) ORDER BY sandbox_id FOR UPDATE', [
    sandboxIds,
  ]);
  const used = await usedOf(tx, sandboxIds);
  const unused = sandboxIds.filter((id) => !used.has(id));
  if (unused.length > 0) await tx.execute('UPDATE sandboxes SET assigned = FALSE WHERE sandbox_id IN (?)', [unused]);
}

async function usedOf(tx: Queryable, sandboxIds: readonly number[]): Promise<Set<number>> {
  const rows = await tx.query<{ id: number }>(
    'SELECT DISTINCT sandbox_id AS id FROM job_sandboxes WHERE sandbox_id IN (?)',
    [sandboxIds],
  );
  return new Set(rows.map(({ id }) => id));
}

function seconds(days: number): number {
  return Math.round(days * 86_400);
}
