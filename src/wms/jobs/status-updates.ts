import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { Refusal } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { databaseNow, type Effects, Jobs, writeHistory } from './jobs.js';
import { managedRows, type Outcomes } from './managed-jobs.js';
import { type Move, refuse } from './move.js';
import { orderKill } from './order-kill.js';
import {
  type Change,
  changeOf,
  type Entry,
  type HistoryLine,
  inOrder,
  isHeldByPilot,
  lifted,
  moveOf,
  readEntries,
  recordOf,
  untouched,
  type UpdatesByTime,
} from './status-entries.js';

/** What the entries of one job come to. */
interface Course {
  jobId: number;
  entries: Entry[];
  /** The newest time in the history; what is older changes nothing. */
  newest: string;
}

/** Status updates of DiracX's clients and wrappers. */
@Injectable()
export class StatusUpdates {
  constructor(private readonly jobs: Jobs) {}

  /**
   * Applies the updates of each job in the order of their times. Refused transitions are no errors: the job stays as it
   * is, and the history says `(SM)`. Refuses with `job-not-found` when no job was found at all.
   */
  async apply(user: UserPrincipal, body: Record<string, UpdatesByTime>, force: boolean): Promise<Outcomes> {
    if (force && !user.properties.includes('JobAdministrator')) throw new Refusal('forbidden', 'Forbidden');
    const wanted = Object.entries(body).map(([id, updates]) => readEntries(id, updates));
    const outcomes = await this.jobs.change((tx, effects) => this.applyAll(tx, effects, { user, wanted, force }));
    if (Object.keys(outcomes.success).length === 0) {
      throw new Refusal('job-not-found', 'None of the jobs was found', { body: outcomes });
    }
    return outcomes;
  }

  private async applyAll(
    tx: Transaction,
    effects: Effects,
    { user, wanted, force }: { user: UserPrincipal; wanted: { jobId: number; entries: Entry[] }[]; force: boolean },
  ): Promise<Outcomes> {
    const ids = wanted.map(({ jobId }) => jobId);
    const rows = managedRows(user, ids, await this.jobs.lock(tx, ids));
    const now = await databaseNow(tx);
    const newest = await newestRecords(tx, [...rows.keys()]);
    const outcomes: Outcomes = { success: {}, failed: {} };
    const courses: Course[] = [];
    for (const { jobId, entries } of wanted) {
      if (rows.has(jobId)) courses.push({ jobId, entries: inOrder(entries, now), newest: newest.get(jobId) ?? '' });
      else outcomes.failed[jobId] = { detail: 'Not found' };
    }
    const rounds = Math.max(0, ...courses.map(({ entries }) => entries.length));
    for (let round = 0; round < rounds; round += 1) {
      const changes = await this.applyRound(tx, effects, { courses, round, force, now });
      for (const [jobId, change] of changes) {
        const before = outcomes.success[jobId] ?? untouched;
        outcomes.success[jobId] = { ...before, ...dropNulls(change) };
      }
    }
    return outcomes;
  }

  /** The n-th entry of every job, as one bulk move. */
  private async applyRound(
    tx: Transaction,
    effects: Effects,
    { courses, round, force, now }: { courses: Course[]; round: number; force: boolean; now: string },
  ): Promise<Map<number, Change>> {
    const rows = await this.jobs.lock(
      tx,
      courses.map(({ jobId }) => jobId),
    );
    const changes = new Map<number, Change>();
    const moves: Move[] = [];
    const recorded: HistoryLine[] = [];
    for (const course of courses) {
      const entry = course.entries[round];
      const row = rows.get(course.jobId);
      if (entry === undefined || row === undefined) continue;
      const { at, update } = lifted(entry, course.newest, now);
      if (at < course.newest) {
        recorded.push(recordOf(row, { at, update }));
        changes.set(row.job_id, untouched);
        continue;
      }
      course.newest = at;
      const move = moveOf(row, { at, update }, force);
      if (isHeldByPilot(row, update, force) || refuse(row, move) !== null) {
        const kept = { Source: `${update.Source}(SM)` };
        recorded.push(recordOf(row, { at, update: kept }));
        changes.set(row.job_id, { ...untouched, Status: row.status });
        continue;
      }
      moves.push(move);
      changes.set(row.job_id, changeOf(row, move, { at, now }));
    }
    await this.jobs.move(tx, effects, moves);
    await writeHistory(tx, recorded);
    const ended = moves.filter(({ to }) => to === 'Killed' || to === 'Deleted');
    await orderKill(
      tx,
      effects,
      this.jobs,
      ended.flatMap(({ jobId }) => rows.get(jobId) ?? []),
    );
    return changes;
  }
}

async function newestRecords(tx: Transaction, jobIds: readonly number[]): Promise<Map<number, string>> {
  if (jobIds.length === 0) return new Map();
  const rows = await tx.query<{ job_id: number; newest: string }>(
    'SELECT job_id, MAX(status_time) AS newest FROM job_history WHERE job_id IN (?) GROUP BY job_id',
    [jobIds],
  );
  return new Map(rows.map(({ job_id, newest }) => [job_id, newest]));
}

function dropNulls(change: Change): Change {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
}
