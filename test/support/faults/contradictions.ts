import { heldStates } from '../../../src/contract/index.js';
import type { Queryable } from '../../../src/platform/index.js';
import { cellColumns } from '../../../src/wms/counters/index.js';
import { keyOf } from '../../../src/wms/outputs/pfn.js';
import { logKeys } from '../../../src/wms/pilot-logs/log-keys.js';
import { type FaultWorld, sha256 } from './world.js';

const cell = cellColumns.join(', ');

/** What must never be found in the database, whenever a server died; each statement gives the ids that contradict. */
const never: Record<string, string> = {
  'a lease without a live attempt of the same pilot': `
    SELECT l.job_id AS id FROM leases l
    LEFT JOIN attempts a ON a.job_id = l.job_id AND a.attempt = l.attempt AND a.pilot_stamp = l.pilot_stamp
    WHERE a.job_id IS NULL OR a.ended_at IS NOT NULL`,
  'a live attempt without a lease': `
    SELECT a.job_id AS id FROM attempts a LEFT JOIN leases l ON l.job_id = a.job_id AND l.attempt = a.attempt
    WHERE a.ended_at IS NULL AND l.job_id IS NULL`,
  'attempts that are not 1, 2, … up to the one of the job': `
    SELECT j.job_id AS id FROM jobs j LEFT JOIN attempts a ON a.job_id = j.job_id
    GROUP BY j.job_id, j.attempt HAVING COUNT(a.attempt) <> j.attempt OR COALESCE(MAX(a.attempt), 0) <> j.attempt`,
  'an attempt that was claimed before the one before it ended': `
    SELECT b.job_id AS id FROM attempts a JOIN attempts b ON b.job_id = a.job_id AND b.attempt = a.attempt + 1
    WHERE a.ended_at IS NULL OR b.claimed_at < a.ended_at`,
  'a held state without a lease': `
    SELECT j.job_id AS id FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id AND l.attempt = j.attempt
    WHERE j.status IN (${heldStates.map((state) => `'${state}'`).join(', ')}) AND l.job_id IS NULL`,
  'waiting_in that does not say whether the job can be claimed': `
    SELECT j.job_id AS id FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id
    WHERE NOT (j.waiting_in <=> IF(j.status = 'Waiting' AND l.job_id IS NULL, j.task_queue_id, NULL))`,
  'a state that is not the last of its history': `
    SELECT j.job_id AS id FROM jobs j JOIN job_history h ON h.job_id = j.job_id
    WHERE h.entry_id = (SELECT MAX(entry_id) FROM job_history WHERE job_id = j.job_id)
      AND (h.status <> j.status OR h.minor_status <> j.minor_status)`,
  'a job whose history does not begin with Received': `
    SELECT j.job_id AS id FROM jobs j
    WHERE COALESCE((SELECT status FROM job_history WHERE job_id = j.job_id ORDER BY entry_id LIMIT 1), '') <> 'Received'`,
  'a history without a job': `
    SELECT h.job_id AS id FROM job_history h LEFT JOIN jobs j ON j.job_id = h.job_id WHERE j.job_id IS NULL`,
  'a job without a description': `
    SELECT j.job_id AS id FROM jobs j LEFT JOIN job_descriptions d ON d.description_id = j.description_id
    WHERE d.description_id IS NULL`,
  'a sandbox of no job, or a link to no sandbox': `
    SELECT js.job_id AS id FROM job_sandboxes js LEFT JOIN jobs j ON j.job_id = js.job_id
    LEFT JOIN sandboxes s ON s.sandbox_id = js.sandbox_id WHERE j.job_id IS NULL OR s.sandbox_id IS NULL`,
  'a job that waits for checks which nobody was asked to do': `
    SELECT j.job_id AS id FROM jobs j WHERE j.status = 'Checking' AND NOT EXISTS (SELECT 1 FROM outbox o
      WHERE o.topic = 'check-jobs' AND JSON_CONTAINS(o.payload, CAST(j.job_id AS CHAR), '$.job_ids'))`,
  'a maintained count of jobs that is not what counting gives': `
    SELECT CONCAT_WS('/', ${cell}) AS id FROM (
      SELECT ${cell}, jobs FROM job_counts WHERE grain = 'cell' UNION ALL SELECT ${cell}, jobs FROM job_count_deltas
      UNION ALL SELECT ${cell}, -1 FROM jobs) counted GROUP BY ${cell} HAVING SUM(jobs) <> 0`,
  'a slot of a limit that is in use without a lease, or free and in use': `
    SELECT u.job_id AS id FROM limit_uses u LEFT JOIN leases l ON l.job_id = u.job_id AND l.attempt = u.attempt AND l.limited
    LEFT JOIN limit_slots s ON s.limit_id = u.limit_id AND s.number = u.number
    WHERE l.job_id IS NULL OR s.number IS NOT NULL`,
  'a log whose chunks have gaps or other bytes than its pilot says': `
    SELECT p.stamp AS id FROM pilots p LEFT JOIN pilot_log_chunks c ON c.stamp = p.stamp GROUP BY p.stamp, p.log_bytes
    HAVING COALESCE(SUM(c.bytes), 0) <> p.log_bytes OR COUNT(c.number) <> COALESCE(MAX(c.number) + 1, 0)`,
  'an open log of an ended pilot that nobody was asked to seal': `
    SELECT p.stamp AS id FROM pilots p WHERE p.ended_at IS NOT NULL AND p.log_state = 'open' AND NOT EXISTS
      (SELECT 1 FROM outbox o WHERE o.topic = 'seal-log' AND JSON_VALUE(o.payload, '$.stamp') = p.stamp)`,
};

/** Everything that is not as it must be after a crash, as sentences; empty is what we promise. */
export async function contradictions(world: FaultWorld): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(never).map(async ([what, statement]) => {
      const rows = await world.database.query<{ id: number | string }>(statement);
      return rows.length === 0 ? [] : [`${what}: ${rows.map(({ id }) => id).join(', ')}`];
    }),
  );
  return [...found.flat(), ...(await lostBytes(world))];
}

/** Outputs and log chunks that the database knows and whose bytes are not there as announced. */
async function lostBytes({ database, sandboxElement, logElement }: FaultWorld): Promise<string[]> {
  const lost: string[] = [];
  for (const { pfn, sha256: promised } of await attachedOutputs(database)) {
    const bytes = await sandboxElement.get(keyOf(pfn)).catch(() => null);
    if (bytes === null || sha256(bytes) !== promised) lost.push(`the bytes of output ${pfn}`);
  }
  const chunks = await database.query<{ stamp: string; vo: string; number: number; sha256: string }>(
    "SELECT c.stamp, p.vo, c.number, c.sha256 FROM pilot_log_chunks c JOIN pilots p USING (stamp) WHERE p.log_state = 'open'",
  );
  for (const { stamp, vo, number, sha256: promised } of chunks) {
    const bytes = await logElement.get(logKeys(vo, stamp).chunk(number)).catch(() => null);
    if (bytes === null || sha256(bytes) !== promised) lost.push(`the bytes of chunk ${number} of log ${stamp}`);
  }
  return lost;
}

function attachedOutputs(database: Queryable): Promise<{ pfn: string; sha256: string }[]> {
  return database.query<{ pfn: string; sha256: string }>(
    "SELECT s.pfn, s.sha256 FROM job_sandboxes js JOIN sandboxes s USING (sandbox_id) WHERE js.kind = 'output'",
  );
}
