import type { Queryable } from '../../platform/index.js';
import type { SandboxOwner } from './pfn.js';
import { Refusal, type SandboxInfo } from '../../contract/index.js';

export interface SandboxRow {
  sandbox_id: number;
  vo: string;
  owner_subject: string;
  owner: string;
  owner_group: string;
  pfn: string;
  size: number;
  assigned: number;
}

/** The rows of sandboxes by their short names. */
export function findSandboxes(tx: Queryable, pfns: readonly string[]): Promise<SandboxRow[]> {
  if (pfns.length === 0) return Promise.resolve([]);
  return tx.query<SandboxRow>(
    'SELECT sandbox_id, vo, owner_subject, owner, owner_group, pfn, size, assigned FROM sandboxes WHERE pfn IN (?)',
    [pfns],
  );
}

/** Registers a sandbox, or touches it when it is registered. */
export async function registerSandbox(
  tx: Queryable,
  owner: SandboxOwner,
  info: SandboxInfo,
  place: { se: string; pfn: string },
): Promise<void> {
  await tx.execute(
    `INSERT INTO sandboxes (vo, owner_subject, owner, owner_group, se, pfn, sha256, size, format)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE last_access = NOW(6)`,
    [owner.vo, owner.subject, owner.owner, owner.group, place.se, place.pfn, info.checksum, info.size, info.format],
  );
}

/** The short names of the sandboxes of a job; outputs of the latest attempt that has any. */
export async function sandboxesOfJob(tx: Queryable, jobId: number, kind: 'input' | 'output'): Promise<string[]> {
  const rows = await tx.query<{ pfn: string; attempt: number }>(
    `SELECT s.pfn, js.attempt FROM job_sandboxes js JOIN sandboxes s ON s.sandbox_id = js.sandbox_id
     WHERE js.job_id = ? AND js.kind = ? ORDER BY js.attempt DESC, js.sandbox_id`,
    [jobId, kind],
  );
  const latest = rows[0]?.attempt;
  return rows.filter((row) => row.attempt === latest).map(({ pfn }) => pfn);
}

/** The short names of the input sandboxes of jobs; an input belongs to no attempt. */
export async function inputsOfJobs(
  tx: Queryable,
  jobIds: readonly number[],
): Promise<{ job_id: number; vo: string; pfn: string }[]> {
  if (jobIds.length === 0) return [];
  return tx.query(
    `SELECT js.job_id, s.vo, s.pfn FROM job_sandboxes js JOIN sandboxes s ON s.sandbox_id = js.sandbox_id
     WHERE js.job_id IN (?) AND js.kind = 'input' ORDER BY js.job_id, js.sandbox_id`,
    [jobIds],
  );
}

/** Attaches sandboxes to jobs; attaching twice changes nothing. */
export async function attach(
  tx: Queryable,
  kind: 'input' | 'output',
  links: readonly { jobId: number; sandboxId: number; attempt: number }[],
): Promise<void> {
  const ids = [...new Set(links.map(({ sandboxId }) => sandboxId))];
  if (ids.length === 0) return;
  // The rows are locked before they are used, so that the cleaner cannot remove them in between.
  const { affectedRows } = await tx.execute(
    'UPDATE sandboxes SET assigned = TRUE, last_access = NOW(6) WHERE sandbox_id IN (?)',
    [ids],
  );
  if (affectedRows !== ids.length)
    throw new Refusal('sandbox-not-found', 'A sandbox was removed meanwhile; upload it again');
  for (let start = 0; start < links.length; start += 1_000) {
    const part = links.slice(start, start + 1_000);
    await tx.execute(
      `INSERT IGNORE INTO job_sandboxes (job_id, kind, sandbox_id, attempt) VALUES ${part.map(() => '(?, ?, ?, ?)').join(', ')}`,
      part.flatMap(({ jobId, sandboxId, attempt }) => [jobId, kind, sandboxId, attempt]),
    );
  }
}
