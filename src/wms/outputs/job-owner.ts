import type { Queryable } from '../../platform/index.js';
import type { SandboxOwner } from './pfn.js';

/** Who owns a job, as sandboxes need it; undefined when there is no such job in the VO. */
export async function ownerOfJob(tx: Queryable, jobId: number, vo: string): Promise<SandboxOwner | undefined> {
  const [row] = await tx.query<{ owner: string; owner_group: string; owner_subject: string }>(
    'SELECT owner, owner_group, owner_subject FROM jobs WHERE job_id = ? AND vo = ?',
    [jobId, vo],
  );
  if (row === undefined) return undefined;
  return { vo, group: row.owner_group, owner: row.owner, subject: row.owner_subject };
}
