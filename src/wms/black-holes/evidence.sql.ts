import type { BlackHoleRules } from '../../configuration/index.js';
import { type Queryable, toEpoch } from '../../platform/index.js';
import { type FailedAttempt, type GoodAttempts, keyOf, type Level, levels, nameAt, type Past } from './evidence.js';

/** More attempts than these, the latest, are not needed to see anything, and would take long to read. */
const mostAttempts = 100_000;
/** For so long back a place has a past (days). */
const pastDays = 7;

/** A failed attempt and when it ended (ms since 1970, database time). */
export type TimedFailure = FailedAttempt & { endedAt: number };

interface Row {
  vo: string;
  owner_subject: string;
  job_group: string;
  site: string;
  ce: string;
  host: string;
  pilot: string;
}

const columns = 'vo, owner_subject, job_group, site, ce, host, pilot_stamp AS pilot';

/** SQL: whether an attempt ended badly, as `lost`, `failed`, or NULL. Payloads count when they failed at once. */
const cause = `CASE WHEN failure_class = 'infrastructure' THEN 'lost'
  WHEN failure_class IN ('input', 'output') OR (failure_class = 'payload' AND seconds <= ?) THEN 'failed' END`;

/**
 * The time from which on attempts are looked at: within the window, and not more than can be looked at. A time of the
 * database.
 */
export async function evidenceFrom(database: Queryable, { window }: Pick<BlackHoleRules, 'window'>): Promise<string> {
  const [row] = await database.query<{ since: string }>(
    `SELECT CAST(GREATEST(NOW(6) - INTERVAL ? SECOND, COALESCE(
       (SELECT ended_at FROM attempt_ends WHERE ended_at > NOW(6) - INTERVAL ? SECOND ORDER BY ended_at DESC LIMIT 1 OFFSET ?),
       '1970-01-02')) AS CHAR) AS since`,
    [window, window, mostAttempts],
  );
  if (row === undefined) throw new Error('The database gave no time');
  return row.since;
}

/** The attempts that ended badly since then. */
export async function readFailures(
  database: Queryable,
  since: string,
  { fast }: Pick<BlackHoleRules, 'fast'>,
): Promise<TimedFailure[]> {
  const rows = await database.query<Row & { job: number; cause: 'lost' | 'failed'; seconds: number; endedAt: string }>(
    `SELECT ${columns}, job_id AS job, ${cause} AS cause, seconds, ended_at AS endedAt FROM attempt_ends
     WHERE ended_at > ? AND failure_class IS NOT NULL HAVING cause IS NOT NULL`,
    [fast, since],
  );
  return rows.map((row) => ({
    ...placeAndWork(row),
    job: row.job,
    cause: row.cause,
    seconds: row.seconds,
    endedAt: toEpoch(row.endedAt),
  }));
}

/** The attempts that ended otherwise since then. */
export async function readEndedWell(
  database: Queryable,
  since: string,
  { fast }: Pick<BlackHoleRules, 'fast'>,
): Promise<GoodAttempts[]> {
  const rows = await database.query<Row & { count: number }>(
    `SELECT ${columns}, COUNT(*) AS count FROM attempt_ends WHERE ended_at > ? AND ${cause} IS NULL
     GROUP BY vo, owner_subject, job_group, site, ce, host, pilot_stamp`,
    [since, fast],
  );
  return rows.map((row) => ({ ...placeAndWork(row), count: Number(row.count) }));
}

/**
 * The attempts at these sites that are held for longer than a fast failure takes, by pilots that are in contact: without
 * them a place with long jobs would be known by its failures only.
 */
export async function readSurvivors(
  database: Queryable,
  sites: readonly string[],
  { fast, silentSeconds }: Pick<BlackHoleRules, 'fast'> & { silentSeconds: number },
): Promise<GoodAttempts[]> {
  if (sites.length === 0) return [];
  const rows = await database.query<Row & { count: number }>(
    `SELECT LOWER(j.vo) AS vo, j.owner_subject, j.job_group, LOWER(a.site) AS site, LOWER(a.ce) AS ce,
       LOWER(COALESCE(a.host, '')) AS host, a.pilot_stamp AS pilot, COUNT(*) AS count
     FROM pilots p JOIN leases l ON l.pilot_stamp = p.stamp
       JOIN attempts a ON a.job_id = l.job_id AND a.attempt = l.attempt AND a.claimed_at = l.claimed_at
       JOIN jobs j ON j.job_id = l.job_id
     WHERE p.site IN (?) AND p.status = 'Running' AND p.last_contact > NOW(6) - INTERVAL ? SECOND
       AND l.claimed_at < NOW(6) - INTERVAL ? SECOND
     GROUP BY 1, 2, 3, 4, 5, 6, 7`,
    [sites, silentSeconds, fast],
  );
  return rows.map((row) => ({ ...placeAndWork(row), count: Number(row.count) }));
}

/** What these places were like before the evidence, by key. Pilots have no past. */
export async function readPast(
  database: Queryable,
  places: ReadonlyMap<Level, readonly string[]>,
): Promise<Map<string, Past>> {
  const past = new Map<string, Past>();
  for (const [level, names] of places) {
    if (level === 'pilot' || names.length === 0) continue;
    const rows = await database.query<{ name: string } & Past>(
      `SELECT name, SUM(ended) AS ended, SUM(lost) AS lost, SUM(failed) AS failed FROM place_history
       WHERE level = ? AND name IN (?) AND hour > NOW(6) - INTERVAL ? DAY GROUP BY name`,
      [level, names, pastDays],
    );
    for (const { name, ended, lost, failed } of rows) {
      past.set(keyOf({ level, name }), { ended: Number(ended), lost: Number(lost), failed: Number(failed) });
    }
  }
  return past;
}

/** The places at which something failed, by level. */
export function failedPlaces(failures: readonly FailedAttempt[]): Map<Level, string[]> {
  return new Map(
    levels.map((level) => [level, [...new Set(failures.flatMap((failure) => nameAt(level, failure) ?? []))]]),
  );
}

function placeAndWork({ vo, owner_subject, job_group, site, ce, host, pilot }: Row): Omit<GoodAttempts, 'count'> {
  const owner = `${vo} ${owner_subject}`;
  return { site, ce, host, pilot, owner, work: `${owner} ${job_group}` };
}
