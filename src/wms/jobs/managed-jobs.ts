import { mayManageJob, type Owned, type UserPrincipal } from '../../auth/index.js';
import { Refusal } from '../../contract/index.js';
import type { JobRow } from './move.js';
import type { ChangeCall, ChangeWave } from './shared-changes.js';

/** What becomes of each job of a bulk call: DiracX's two maps, by job id. */
export interface Outcomes {
  success: Record<string, Record<string, unknown>>;
  failed: Record<string, { detail: string }>;
}

/** What a user wants of some jobs. */
export interface UserCall extends ChangeCall {
  user: UserPrincipal;
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
export function managedRows<Row extends Owned>(
  user: UserPrincipal,
  jobIds: readonly number[],
  rows: ReadonlyMap<number, Row>,
): Map<number, Row> {
  const managed = new Map<number, Row>();
  for (const jobId of jobIds) {
    const row = rows.get(jobId);
    if (row !== undefined && mayManageJob(user, row)) managed.set(jobId, row);
    else if (!managesVo(user)) throw new Refusal('forbidden', 'Forbidden');
  }
  if (jobIds.length === 0 && !managesVo(user)) throw new Refusal('forbidden', 'Forbidden');
  return managed;
}

/** {@link managedRows} for each call of a wave. What is refused stands in `told`, and the call is left out. */
export function managedByCall<Call extends UserCall>(
  { calls, rows }: ChangeWave<Call>,
  told: Map<Call, unknown>,
): Map<Call, Map<number, JobRow>> {
  const managed = new Map<Call, Map<number, JobRow>>();
  for (const call of calls) {
    try {
      managed.set(call, managedRows(call.user, call.jobIds, rows));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      told.set(call, error);
    }
  }
  return managed;
}

/** The outcomes of the parts of a call together; jobs that were not reached have failed for now. */
export function together({ replies, undone }: { replies: readonly Outcomes[]; undone: readonly number[] }): Outcomes {
  const all: Outcomes = { success: {}, failed: {} };
  for (const { success, failed } of replies) {
    Object.assign(all.success, success);
    Object.assign(all.failed, failed);
  }
  for (const jobId of undone) all.failed[jobId] = { detail: 'Not done: the database does not answer; try again' };
  return all;
}

/** Who a change came from, for the history. */
export function sourceOf(user: UserPrincipal): string {
  return `User: ${user.username}`.slice(0, 40);
}
