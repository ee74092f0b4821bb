import { Injectable } from '@nestjs/common';
import { isInScope, mayManageJob, type UserPrincipal, visibleJobs } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type JobStatus, mayMove, minor } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { Admission } from './admission.js';
import { type Effects, Jobs } from './jobs.js';
import { type Outcomes, sourceOf, together, type UserCall } from './managed-jobs.js';
import type { JobRow, Move } from './move.js';
import { orderKill } from './order-kill.js';
import { type ChangeWave, SharedChanges } from './shared-changes.js';

type End = 'Killed' | 'Deleted';

interface EndCall extends UserCall {
  to: End;
}

/**
 * Kill and delete: each job has its own outcome, and the good ones of a call are done whatever the others are. Calls that
 * come together share transactions.
 */
@Injectable()
export class Termination {
  private readonly changes: SharedChanges<EndCall, Outcomes>;

  constructor(
    private readonly admission: Admission,
    private readonly jobs: Jobs,
    private readonly configuration: CurrentConfiguration,
  ) {
    this.changes = new SharedChanges(jobs, (tx, effects, wave) => this.applyWave(tx, effects, wave));
  }

  /** Kills jobs: a waiting one leaves its queue at once, a running one gets the order within seconds. */
  kill(user: UserPrincipal, jobIds: readonly number[]): Promise<Outcomes> {
    return this.end(user, jobIds, 'Killed');
  }

  /** Deletes jobs; those that run are killed first, and count as killed in the history. */
  delete(user: UserPrincipal, jobIds: readonly number[]): Promise<Outcomes> {
    return this.end(user, jobIds, 'Deleted');
  }

  private async end(user: UserPrincipal, named: readonly number[], to: End): Promise<Outcomes> {
    const ids = [...new Set(named)];
    this.admission.checkSize(user, ids.length);
    return together(await this.changes.addInParts(ids, (jobIds) => ({ user, jobIds, to })));
  }

  private async applyWave(
    tx: Transaction,
    effects: Effects,
    { calls, rows }: ChangeWave<EndCall>,
  ): Promise<Map<EndCall, Outcomes>> {
    const told = new Map<EndCall, Outcomes>();
    const ending: JobRow[] = [];
    const moves: Move[] = [];
    for (const call of calls) {
      const outcomes: Outcomes = { success: {}, failed: {} };
      told.set(call, outcomes);
      for (const jobId of call.jobIds) {
        const row = rows.get(jobId);
        const detail = this.whyNot(call.user, row, call.to);
        if (row === undefined || detail !== null) {
          outcomes.failed[jobId] = { detail: detail ?? 'Not found' };
          continue;
        }
        outcomes.success[jobId] = { Status: call.to };
        if (row.status === call.to) continue;
        ending.push(row);
        moves.push(endOf(row, call.to, sourceOf(call.user)));
      }
    }
    await this.jobs.move(tx, effects, moves, rows);
    await orderKill(tx, effects, this.jobs, ending);
    return told;
  }

  /** Why a job cannot be ended by this user; null when it can, or already is. */
  private whyNot(user: UserPrincipal, row: JobRow | undefined, to: End): string | null {
    const seeAll = this.configuration.get().document.vos[user.vo]?.see_all_jobs ?? false;
    if (row === undefined || !(mayManageJob(user, row) || isInScope(visibleJobs(user, seeAll), row)))
      return 'Not found';
    if (!mayManageJob(user, row)) return 'Not authorized';
    if (row.status === to || isPossible(row.status, to)) return null;
    return `A job that is ${row.status} cannot be ${to}`;
  }
}

function isPossible(from: JobStatus, to: End): boolean {
  return mayMove(from, to) || (to === 'Deleted' && mayMove(from, 'Killed'));
}

/** The move that ends a job. A job that may still run goes to Deleted by way of Killed. */
function endOf(row: JobRow, to: End, source: string): Move {
  const common = { jobId: row.job_id, to, source };
  if (to === 'Killed') return { ...common, minor: minor.markedForTermination };
  const first = mayMove(row.status, 'Deleted')
    ? []
    : [{ status: 'Killed' as const, minor: minor.markedForTermination }];
  return { ...common, through: first, minor: minor.markedForDeletion };
}
