import { type Configuration, retentionOf } from '../../configuration/index.js';
import { finalPilotStates, finalStates } from '../../contract/index.js';
import type { Queryable } from '../../platform/index.js';
import { countDue, dueJobs, vosOf } from './old-jobs.js';
import type { StepName } from './retention-steps.js';

/** What a rule would remove now. */
export interface Due {
  step: StepName;
  /** In words. */
  what: string;
  /** Null where the rule knows no VOs. */
  vo: string | null;
  days: number;
  count: number;
  /** As the database writes times; null when nothing is due. */
  oldest: string | null;
  /** Bytes in storage elements; null where there are none. */
  bytes: number | null;
}

interface Found {
  count: number;
  oldest: string | null;
  bytes?: number | null;
}

/** What is due by every rule but that of partitions. Reads by indexes, but counts: seconds where millions are due. */
export async function dueNow(database: Queryable, document: Configuration, steps: readonly StepName[]): Promise<Due[]> {
  const due: Due[] = [];
  for (const vo of steps.includes('jobs') ? await vosOf(database, 'jobs') : []) {
    const rules = retentionOf(document, vo);
    const found = await countDue(database, await dueJobs(database, vo, rules.finished_jobs_days));
    const what = rules.archive_jobs ? 'finished jobs (archived first)' : 'finished jobs (not archived)';
    due.push(dueOf('jobs', { what, vo, days: rules.finished_jobs_days }, found));
  }
  const vosOfPilots = steps.some((step) => step === 'pilots' || step === 'pilot-logs')
    ? await vosOf(database, 'pilots')
    : [];
  for (const vo of vosOfPilots) due.push(...(await duePilots(database, document, vo, steps)));
  for (const vo of steps.includes('sandboxes') ? await vosOf(database, 'sandboxes') : []) {
    due.push(...(await dueSandboxes(database, document, vo)));
  }
  if (steps.includes('audit')) {
    const days = document.retention.audit_days;
    const sql = 'SELECT COUNT(*) AS count, MIN(at) AS oldest FROM audit WHERE at < NOW(6) - INTERVAL ? SECOND';
    due.push(
      dueOf('audit', { what: 'entries of the audit', vo: null, days }, await one(database, sql, [seconds(days)])),
    );
  }
  return due;
}

async function duePilots(
  database: Queryable,
  document: Configuration,
  vo: string,
  steps: readonly StepName[],
): Promise<Due[]> {
  const { pilots_days, pilot_logs_days } = retentionOf(document, vo);
  const sql = (more: string): string =>
    `SELECT COUNT(*) AS count, MIN(last_update_time) AS oldest, SUM(log_bytes) AS bytes FROM pilots
     WHERE vo = ? AND status IN (?) AND last_update_time < NOW(6) - INTERVAL ? SECOND AND ${more}`;
  const rules = [
    { step: 'pilot-logs', what: 'logs of pilots', days: pilot_logs_days, more: "log_state = 'sealed'" },
    {
      step: 'pilots',
      what: 'pilots',
      days: pilots_days,
      more: 'NOT EXISTS (SELECT 1 FROM leases l WHERE l.pilot_stamp = pilots.stamp)',
    },
  ] as const;
  const due: Due[] = [];
  for (const { step, what, days, more } of rules.filter((rule) => steps.includes(rule.step))) {
    const found = await one(database, sql(more), [vo, finalPilotStates, seconds(days)]);
    due.push(dueOf(step, { what, vo, days }, found));
  }
  return due;
}

async function dueSandboxes(database: Queryable, document: Configuration, vo: string): Promise<Due[]> {
  const { output_sandboxes_days, finished_jobs_days, unassigned_sandboxes_days } = retentionOf(document, vo);
  const unused = await one(
    database,
    `SELECT COUNT(*) AS count, MIN(last_access) AS oldest, SUM(size) AS bytes FROM sandboxes
     WHERE assigned = FALSE AND vo = ? AND last_access < NOW(6) - INTERVAL ? SECOND`,
    [vo, seconds(unassigned_sandboxes_days)],
  );
  const due = [dueOf('sandboxes', { what: 'unused sandboxes', vo, days: unassigned_sandboxes_days }, unused)];
  if (output_sandboxes_days >= finished_jobs_days) return due;
  const outputs = await one(
    database,
    `SELECT COUNT(*) AS count, MIN(s.last_access) AS oldest, SUM(s.size) AS bytes FROM sandboxes s
       JOIN job_sandboxes js ON js.sandbox_id = s.sandbox_id AND js.kind = 'output' JOIN jobs j ON j.job_id = js.job_id
     WHERE s.assigned = TRUE AND s.vo = ? AND s.last_access < NOW(6) - INTERVAL ? SECOND AND j.status IN (?)
       AND j.last_update_time < NOW(6) - INTERVAL ? SECOND`,
    [vo, seconds(output_sandboxes_days), finalStates, seconds(output_sandboxes_days)],
  );
  return [...due, dueOf('sandboxes', { what: 'outputs of finished jobs', vo, days: output_sandboxes_days }, outputs)];
}

function dueOf(step: StepName, rule: Pick<Due, 'what' | 'vo' | 'days'>, { count, oldest, bytes = null }: Found): Due {
  return { step, ...rule, count, oldest, bytes: count === 0 ? null : bytes };
}

async function one(database: Queryable, sql: string, values: unknown[]): Promise<Found> {
  const [row] = await database.query<Found>(sql, values);
  return row ?? { count: 0, oldest: null };
}

function seconds(days: number): number {
  return Math.round(days * 86_400);
}
