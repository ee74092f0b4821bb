import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { Refusal } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { Admission } from './admission.js';
import { databaseNow, type Effects, Jobs } from './jobs.js';
import { managedByCall, type Outcomes, together, type UserCall } from './managed-jobs.js';
import { type ChangeWave, SharedChanges } from './shared-changes.js';
import { type Course, StatusCourses } from './status-courses.js';
import { type Entry, inOrder, readEntries, untouched, type UpdatesByTime } from './status-entries.js';

/** A call, or a part of one. */
interface StatusCall extends UserCall {
  entries: ReadonlyMap<number, readonly Entry[]>;
  force: boolean;
}

/** Status updates of DiracX's clients and wrappers. Calls that come together share transactions. */
@Injectable()
export class StatusUpdates {
  private readonly changes: SharedChanges<StatusCall, Outcomes>;
  private readonly courses: StatusCourses;

  constructor(
    private readonly admission: Admission,
    jobs: Jobs,
  ) {
    this.courses = new StatusCourses(jobs);
    this.changes = new SharedChanges(jobs, (tx, effects, wave) => this.applyWave(tx, effects, wave));
  }

  /**
   * Applies the updates of each job in the order of their times. Refused transitions are no errors: the job stays as it
   * is, and the history says `(SM)`. Refuses with `job-not-found` when no job was found at all.
   */
  async apply(user: UserPrincipal, body: Record<string, UpdatesByTime>, force: boolean): Promise<Outcomes> {
    if (force && !user.properties.includes('JobAdministrator')) throw new Refusal('forbidden', 'Forbidden');
    const entries = entriesOf(body);
    const count = [...entries.values()].reduce((sum, { length }) => sum + length, 0);
    this.admission.checkSize(user, count);
    const ids = [...entries.keys()];
    await this.admission.admit(user, ids);
    const partOf = (jobIds: readonly number[]): StatusCall => ({ user, jobIds, entries, force });
    const outcomes = together(await this.changes.addInParts(ids, partOf));
    if (Object.keys(outcomes.success).length === 0) {
      throw new Refusal('job-not-found', 'None of the jobs was found', { body: outcomes });
    }
    return outcomes;
  }

  private async applyWave(
    tx: Transaction,
    effects: Effects,
    wave: ChangeWave<StatusCall>,
  ): Promise<Map<StatusCall, Outcomes | Refusal>> {
    const told = new Map<StatusCall, Outcomes | Refusal>();
    const managed = managedByCall(wave, told);
    const known = [...managed.values()].flatMap((rows) => [...rows.keys()]);
    const now = await databaseNow(tx);
    const newest = await newestRecords(tx, known);
    const courses: Course[] = [];
    for (const [call, rows] of managed) {
      const outcomes: Outcomes = { success: {}, failed: {} };
      told.set(call, outcomes);
      for (const jobId of call.jobIds) {
        if (!rows.has(jobId)) outcomes.failed[jobId] = { detail: 'Not found' };
        else courses.push(courseOf(jobId, call, { now, newest: newest.get(jobId) ?? '' }, outcomes));
      }
    }
    await this.courses.run(tx, effects, courses, { rows: wave.rows, now });
    return told;
  }
}

/** The entries of each job of a call; `7` and `07` are one job. */
function entriesOf(body: Record<string, UpdatesByTime>): Map<number, Entry[]> {
  const byJob = new Map<number, Entry[]>();
  for (const [id, updates] of Object.entries(body)) {
    const { jobId, entries } = readEntries(id, updates);
    byJob.set(jobId, [...(byJob.get(jobId) ?? []), ...entries]);
  }
  return byJob;
}

function courseOf(
  jobId: number,
  { entries, force }: StatusCall,
  { now, newest }: { now: string; newest: string },
  outcomes: Outcomes,
): Course {
  return {
    jobId,
    force,
    newest,
    entries: inOrder(entries.get(jobId) ?? [], now),
    tell: (change) => {
      const changed = Object.entries(change).filter(([, value]) => value !== null);
      outcomes.success[jobId] = { ...(outcomes.success[jobId] ?? untouched), ...Object.fromEntries(changed) };
    },
  };
}

async function newestRecords(tx: Transaction, jobIds: readonly number[]): Promise<Map<number, string>> {
  if (jobIds.length === 0) return new Map();
  const rows = await tx.query<{ job_id: number; newest: string }>(
    'SELECT job_id, MAX(status_time) AS newest FROM job_history WHERE job_id IN (?) GROUP BY job_id',
    [jobIds],
  );
  return new Map(rows.map(({ job_id, newest }) => [job_id, newest]));
}
