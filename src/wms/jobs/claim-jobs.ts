import { minor } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { writeDeltas } from '../counters/index.js';
import { type Effects, writeHistory } from './jobs.js';

/** A job that can be claimed, as the matcher reads and locks it. */
export interface ClaimableJob {
  job_id: number;
  vo: string;
  user_priority: number;
  owner: string;
  owner_group: string;
  owner_subject: string;
  job_group: string;
  job_type: string;
  /** What the job says of its site while it waits. */
  site: string;
  /** The attempt before; the claim makes the next one. */
  attempt: number;
  description_id: number;
  expansion: string | null;
  /** When it was locked, in database time. */
  locked_at: string;
}

/** A job and the pilot that gets it. Memory in MB. */
export interface Take {
  job: ClaimableJob;
  stamp: string;
  claimId: string;
  site: string;
  ce: string;
  processors: number;
  memory: number;
  gpus: number;
  isolation: string | null;
  host: string | null;
  /** The task queue that it was taken from, and whose turn it was. */
  queue: { id: number };
  turn: { vo: number; group: number; owner: number };
}

/**
 * The claim, which is a move too: Waiting → Matched for jobs that this transaction has locked in their task queue. Each
 * gets its next attempt, a lease in database time and a history row. Nothing is claimed twice: a locked row that is
 * not Waiting is a bug and fails the transaction.
 */
export async function claimJobs(
  tx: Transaction,
  effects: Effects,
  takes: readonly Take[],
  terms: { leaseSeconds: number; configurationVersion: number },
): Promise<void> {
  if (takes.length === 0) return;
  await matchJobs(tx, takes);
  await tx.execute(
    `INSERT INTO attempts (job_id, attempt, claimed_at, vo, pilot_stamp, claim_id, site, ce, processors, memory, gpus,
       configuration_version, isolation, host, task_queue_id, turn_vo, turn_group, turn_owner) VALUES ?`,
    [
      takes.map((take) => [
        take.job.job_id,
        take.job.attempt + 1,
        take.job.locked_at,
        take.job.vo,
        take.stamp,
        take.claimId,
        take.site,
        take.ce,
        take.processors,
        take.memory,
        take.gpus,
        terms.configurationVersion,
        take.isolation,
        take.host,
        take.queue.id,
        take.turn.vo,
        take.turn.group,
        take.turn.owner,
      ]),
    ],
  );
  await tx.execute(
    `INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at)
     VALUES ${takes.map(() => '(?, ?, ?, ?, ?, NOW(6) + INTERVAL ? SECOND)').join(', ')}`,
    takes.flatMap(({ job, stamp }) => [job.job_id, job.attempt + 1, job.locked_at, job.vo, stamp, terms.leaseSeconds]),
  );
  await writeHistory(
    tx,
    takes.map(({ job }) => ({
      row: { job_id: job.job_id, vo: job.vo, attempt: job.attempt + 1 },
      status: 'Matched' as const,
      minor: minor.assigned,
      application: 'Unknown',
      source: 'Matcher',
      at: null,
    })),
  );
  await writeDeltas(
    tx,
    takes.flatMap(({ job, site }) => [
      { cell: { ...job, status: 'Waiting' }, jobs: -1 },
      { cell: { ...job, site, status: 'Matched' }, jobs: 1 },
    ]),
  );
  for (const { job } of takes) effects.jobs.add(job.job_id);
}

/** One statement for all: the site is all that differs, and pilots of many sites share a batch. */
async function matchJobs(tx: Transaction, takes: readonly Take[]): Promise<void> {
  const ids = takes.map(({ job }) => job.job_id).toSorted((a, b) => a - b);
  const site = siteOf(takes);
  const { affectedRows } = await tx.execute(
    `UPDATE jobs SET status = 'Matched', minor_status = ?, application_status = 'Unknown', site = ${site.sql},
       attempt = attempt + 1, waiting_in = NULL, start_exec_time = NULL, end_exec_time = NULL,
       last_update_time = NOW(6)
     WHERE job_id IN (?) AND status = 'Waiting'`,
    [minor.assigned, ...site.values, ids],
  );
  if (affectedRows !== ids.length) {
    throw new Error(`Of ${ids.length} locked jobs only ${affectedRows} were Waiting: ${ids.join(', ')}`);
  }
}

/** The site of each job by its id, as an expression. */
function siteOf(takes: readonly Take[]): { sql: string; values: unknown[] } {
  const bySite = new Map<string, number[]>();
  for (const { site, job } of takes) {
    const ids = bySite.get(site);
    if (ids === undefined) bySite.set(site, [job.job_id]);
    else ids.push(job.job_id);
  }
  const sites = [...bySite];
  const [first] = sites;
  if (sites.length === 1 && first !== undefined) return { sql: '?', values: [first[0]] };
  return {
    sql: `CASE ${sites.map(() => 'WHEN job_id IN (?) THEN ?').join(' ')} END`,
    values: sites.flatMap(([site, ids]) => [ids, site]),
  };
}
