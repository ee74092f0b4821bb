import { Injectable } from '@nestjs/common';
import { isInScope, mayManageJob, type UserPrincipal, visibleJobs } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type JobStatus, mayMove, minor } from '../../contract/index.js';
import { Jobs } from './jobs.js';
import { type Outcomes, sourceOf } from './managed-jobs.js';
import type { JobRow, Move } from './move.js';
import { orderKill } from './order-kill.js';

type End = 'Killed' | 'Deleted';

/** Kill and delete: each job has its own outcome, and the good ones of a call are done whatever the others are. */
@Injectable()
export class Termination {
  constructor(
    private readonly jobs: Jobs,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Kills jobs: a waiting one leaves its queue at once, a running one gets the order within seconds. */
  kill(user: UserPrincipal, jobIds: readonly number[]): Promise<Outcomes> {
    return this.end(user, jobIds, 'Killed');
  }

  /** Deletes jobs; those that run are killed first, and count as killed in the history. */
  delete(user: UserPrincipal, jobIds: readonly number[]): Promise<Outcomes> {
    return this.end(user, jobIds, 'Deleted');
  }

  private end(user: UserPrincipal, jobIds: readonly number[], to: End): Promise<Outcomes> {
    return this.jobs.change(async (tx, effects) => {
      const rows = await this.jobs.lock(tx, jobIds);
      const outcomes: Outcomes = { success: {}, failed: {} };
      const ending: JobRow[] = [];
      for (const jobId of new Set(jobIds)) {
        const row = rows.get(jobId);
        const detail = this.whyNot(user, row, to);
        if (row === undefined || detail !== null) outcomes.failed[jobId] = { detail: detail ?? 'Not found' };
        else {
          outcomes.success[jobId] = { Status: to };
          if (row.status !== to) ending.push(row);
        }
      }
      await this.jobs.move(
        tx,
        effects,
        ending.map((row) => endOf(row, to, sourceOf(user))),
      );
      await orderKill(tx, effects, this.jobs, ending);
      return outcomes;
    });
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
