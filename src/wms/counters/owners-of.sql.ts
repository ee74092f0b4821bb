import type { Queryable } from '../../platform/index.js';

/** The names under which a subject has jobs, or had some since counters at zero were last removed. */
export async function ownersOf(database: Queryable, vo: string, subject: string): Promise<string[]> {
  const rows = await database.query<{ owner: string }>(
    `SELECT owner FROM job_counts WHERE grain = 'owner' AND vo = ? AND owner_subject = ?
     UNION SELECT owner FROM job_count_deltas WHERE vo = ? AND owner_subject = ?`,
    [vo, subject, vo, subject],
  );
  return rows.map(({ owner }) => owner);
}
