import { mayManageJob, type UserPrincipal } from '../../auth/index.js';
import { Refusal } from '../../contract/index.js';
import type { JobRow } from './move.js';

/** What becomes of each job of a bulk call: DiracX's two maps, by job id. */
export interface Outcomes {
  success: Record<string, Record<string, unknown>>;
  failed: Record<string, { detail: string }>;
}

/** Administrators and foreign pilots may change any job of their VO; what else they name is unknown to them. */
export function managesVo({ properties }: UserPrincipal): boolean {
  return properties.includes('JobAdministrator') || properties.includes('GenericPilot');
}

/**
 * The jobs of a DiracX call that the caller may change. DiracX's rule for plain users: every job that they name must
 * exist and be theirs, else the whole call is refused with `forbidden`, so that nobody can feel for ids. For the others,
 * unknown jobs and jobs of other VOs are left out.
 */
export function managedRows(
  user: UserPrincipal,
  jobIds: readonly number[],
  rows: ReadonlyMap<number, JobRow>,
): Map<number, JobRow> {
  const managed = new Map<number, JobRow>();
  for (const jobId of jobIds) {
    const row = rows.get(jobId);
    if (row !== undefined && mayManageJob(user, row)) managed.set(jobId, row);
    else if (!managesVo(user)) throw new Refusal('forbidden', 'Forbidden');
  }
  if (jobIds.length === 0 && !managesVo(user)) throw new Refusal('forbidden', 'Forbidden');
  return managed;
}

/** Who a change came from, for the history. */
export function sourceOf(user: UserPrincipal): string {
  return `User: ${user.username}`.slice(0, 40);
}
