import type { Transaction } from '../../platform/index.js';
import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { Head } from '../task-queues/shares.js';

/** What is wanted of one task queue. */
export interface QueueOrder {
  queue: number;
  limit: number;
  /** Jobs that this transaction has locked already. */
  seen: readonly number[];
  /** Only this owner's jobs (queues of JobSharing groups hold several owners); null for anybody's. */
  owner: string | null;
  /** Nobody of these owners' jobs. */
  without?: readonly string[];
}

/** A job that is expected to be claimable: its task queue, its priority, its id. */
export interface KnownJob extends Head {
  queue: number;
}

const columns = `job_id, vo, user_priority, owner, owner_group, owner_subject, job_group, job_type, site, attempt,
  description_id, expansion, CAST(NOW(6) AS CHAR) AS locked_at`;

/** The parser's time and memory grow with the parts of a statement. */
const queuesPerStatement = 100;

/**
 * The next claimable jobs of task queues, locked: highest priority first, then the oldest; one list per order. Each part
 * of the statement reads index `claimable` in its order and stops after `limit` rows; rows that another claim has locked
 * are passed over, so that matchers never wait for each other. Own locks are not passed over, hence `seen`, and hence
 * no two orders may name the same queue.
 */
export async function takeJobs(tx: Transaction, orders: readonly QueueOrder[]): Promise<ClaimableJob[][]> {
  const taken = orders.map((): ClaimableJob[] => []);
  for (let start = 0; start < orders.length; start += queuesPerStatement) {
    const parts = orders.slice(start, start + queuesPerStatement).map((order, index) => partOf(order, start + index));
    const rows = await tx.query<ClaimableJob & { order_index: number }>(
      parts.map(({ sql }) => `(${sql})`).join(' UNION ALL '),
      parts.flatMap(({ values }) => values),
    );
    for (const { order_index, ...job } of rows) taken[order_index]?.push(job);
  }
  return taken;
}

/**
 * Those of these jobs that still wait as they did, locked; for many queues a third of the time of {@link takeJobs}. Rows are
 * locked through index `claimable` here too: of a row that is locked otherwise, whoever passes it over keeps the index
 * entry locked, and the claim would wait for him.
 */
export async function takeKnownJobs(tx: Transaction, jobs: readonly KnownJob[]): Promise<ClaimableJob[]> {
  return await tx.query<ClaimableJob>(
    `SELECT ${columns} FROM jobs FORCE INDEX (claimable) WHERE (waiting_in, user_priority, job_id) IN (?)
     FOR UPDATE SKIP LOCKED`,
    [jobs.map(({ queue, headPriority, headJob }) => [queue, headPriority, headJob])],
  );
}

function partOf(
  { queue, limit, seen, owner, without = [] }: QueueOrder,
  index: number,
): { sql: string; values: unknown[] } {
  return {
    sql: `SELECT ${index} AS order_index, ${columns}
     FROM jobs FORCE INDEX (claimable)
     WHERE waiting_in = ? ${seen.length === 0 ? '' : 'AND job_id NOT IN (?)'} ${owner === null ? '' : 'AND owner_subject = ?'}
       ${without.length === 0 ? '' : 'AND owner_subject NOT IN (?)'}
     ORDER BY user_priority DESC, job_id LIMIT ? FOR UPDATE SKIP LOCKED`,
    values: [
      queue,
      ...(seen.length === 0 ? [] : [seen]),
      ...(owner === null ? [] : [owner]),
      ...(without.length === 0 ? [] : [without]),
      limit,
    ],
  };
}
