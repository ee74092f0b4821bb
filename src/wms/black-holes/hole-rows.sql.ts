import { type Queryable, toDatabase, toEpoch, type Transaction } from '../../platform/index.js';
import type { Hole } from './course.js';
import { keyOf, type Place } from './evidence.js';
import type { Sizes } from './blast-radius.js';

type HoleRow = Omit<Hole, 'changedAt' | 'until'> & { changed_at: string; until_at: string };

/** All places that ate jobs and are not forgotten; their states may change until the caller's transaction locks them. */
export async function readHoles(database: Queryable): Promise<Hole[]> {
  const rows = await database.query<HoleRow>(
    `SELECT level, name, site, state, cause, reason, changed_at, until_at, relapses FROM black_holes
     ORDER BY level, name`,
  );
  return rows.map(({ changed_at, until_at, ...hole }) => ({
    ...hole,
    changedAt: toEpoch(changed_at),
    until: toEpoch(until_at),
  }));
}

/** Writes a hole over what was known of the place, and forgets the jobs by which it was tried before. */
export async function writeHole(tx: Transaction, hole: Hole): Promise<void> {
  const { level, name, site, state, cause, reason, changedAt, until, relapses } = hole;
  await tx.execute(
    `INSERT INTO black_holes (level, name, site, state, cause, reason, changed_at, until_at, relapses)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE site = VALUES(site), state = VALUES(state), cause = VALUES(cause), reason = VALUES(reason),
       changed_at = VALUES(changed_at), until_at = VALUES(until_at), relapses = VALUES(relapses)`,
    [level, name, site, state, cause, reason, ...[changedAt, until].map((at) => toDatabase(new Date(at))), relapses],
  );
  await forgetProbes(tx, hole);
}

/** Forgets a hole. */
export async function removeHole(tx: Transaction, place: Place): Promise<void> {
  await tx.execute('DELETE FROM black_holes WHERE level = ? AND name = ?', [place.level, place.name]);
  await forgetProbes(tx, place);
}

/** Cores of running pilots by CE and site, and in all. */
export async function coresInUse(
  database: Queryable,
  vos: readonly string[],
): Promise<Pick<Sizes, 'cores' | 'allCores'>> {
  if (vos.length === 0) return { cores: new Map(), allCores: 0 };
  const rows = await database.query<{ site: string; ce: string; cores: number }>(
    `SELECT LOWER(site) AS site, LOWER(ce) AS ce, SUM(processors) AS cores FROM pilots
     WHERE vo IN (?) AND status = 'Running' GROUP BY 1, 2`,
    [vos],
  );
  const cores = new Map<string, number>();
  let allCores = 0;
  for (const row of rows) {
    const count = Number(row.cores);
    allCores += count;
    const site = keyOf({ level: 'site', name: row.site });
    cores.set(site, (cores.get(site) ?? 0) + count);
    cores.set(keyOf({ level: 'ce', name: `${row.site}/${row.ce}` }), count);
  }
  return { cores, allCores };
}

async function forgetProbes(tx: Transaction, { level, name }: Place): Promise<void> {
  await tx.execute('DELETE FROM black_hole_probes WHERE level = ? AND name = ?', [level, name]);
}
