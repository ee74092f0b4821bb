import { Injectable } from '@nestjs/common';
import { Database, type Queryable, send, type Transaction, WakeUps } from '../../platform/index.js';
import { type EndingAttempt, type Loss, noteEnds } from '../black-holes/note-ends.sql.js';
import { moveBetween, writeDeltas } from '../counters/index.js';
import {
  type Decision,
  decide,
  type HistoryEntry,
  type JobRow,
  type Move,
  type Moved,
  refuse,
  type StatementTime,
} from './move.js';
import { type EndedAttempt, releaseAttempts } from './release-attempts.sql.js';
import { updateJobs } from './update-jobs.sql.js';

/** Who must be told after the commit. */
export interface Effects {
  taskQueues: Set<number>;
  pilots: Set<string>;
  jobs: Set<number>;
  /** Limits of which slots became free. */
  limits: Set<number>;
  /** Topics of outbox messages that `body` wrote, so that the relay is woken for them. */
  messages: Set<string>;
  /** Attempts that the infrastructure lost, and pilots whose attempts ended otherwise. */
  losses: Loss[];
  ended: Set<string>;
}

/** Hears of attempts that ended, after the commit and before anybody is answered. */
export type EndsListener = (ends: Pick<Effects, 'losses' | 'ended'>) => void;

const columnsOfRow = `j.job_id, j.vo, j.owner, j.owner_group, j.owner_subject, j.job_group, j.job_type, j.status, j.minor_status, j.application_status,
  j.attempt, j.task_queue_id, j.waiting_in, j.payload_retries, j.site, j.user_priority, j.reschedule_counter,
  j.infrastructure_failures, j.reschedule_time, j.start_exec_time, j.end_exec_time, j.heart_beat_time,
  l.attempt AS lease_attempt, l.pilot_stamp AS lease_stamp, l.sequence AS lease_sequence,
  l.limited AS lease_limited`;

/** The jobs of the installation, and the only writer of their state (with the claim, which is a move too). */
@Injectable()
export class Jobs {
  private readonly endsListeners = new Set<EndsListener>();

  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
  ) {}

  /** One transaction in which jobs change; those concerned are woken after the commit. `body` must be repeatable. */
  async change<T>(body: (tx: Transaction, effects: Effects) => Promise<T>): Promise<T> {
    let effects: Effects = noEffects();
    const result = await this.database.transaction(async (tx) => {
      effects = noEffects();
      const value = await body(tx, effects);
      if (effects.taskQueues.size > 0)
        await send(tx, [{ topic: 'demand', payload: { task_queues: [...effects.taskQueues].slice(0, 100) } }]);
      return value;
    });
    if (effects.losses.length + effects.ended.size > 0) for (const listener of this.endsListeners) listener(effects);
    this.wakeUps.wake('task-queue', [...effects.taskQueues]);
    this.wakeUps.wake('pilot', [...effects.pilots]);
    this.wakeUps.wake('job', [...effects.jobs]);
    this.wakeUps.wake('limit', [...effects.limits]);
    if (effects.taskQueues.size > 0) effects.messages.add('demand');
    this.wakeUps.wake('outbox', [...effects.messages]);
    return result;
  }

  /** Calls `listener` when attempts have ended, until the returned function is called. */
  onEnds(listener: EndsListener): () => void {
    this.endsListeners.add(listener);
    return () => this.endsListeners.delete(listener);
  }

  /** The rows of jobs, locked in the order of their ids until the transaction ends. Unknown ids are left out. */
  async lock(tx: Transaction, jobIds: readonly number[]): Promise<Map<number, JobRow>> {
    const ids = [...new Set(jobIds)].toSorted((a, b) => a - b);
    if (ids.length === 0) return new Map();
    const rows = await tx.query<JobRow>(
      `SELECT ${columnsOfRow} FROM jobs j LEFT JOIN leases l ON l.job_id = j.job_id WHERE j.job_id IN (?) ORDER BY j.job_id FOR UPDATE`,
      [ids],
    );
    return new Map(rows.map((row) => [row.job_id, row]));
  }

  /**
   * Moves jobs through the state machine, in bulk: compare-and-set on state and attempt under row locks, with the
   * history rows, in the caller's transaction. A refused move is an answer, not an error, and changes nothing.
   * One move per job and call. `locked`: the rows, if the caller has them from {@link lock} in this transaction and
   * nothing has changed them since.
   */
  async move(
    tx: Transaction,
    effects: Effects,
    moves: readonly Move[],
    locked?: ReadonlyMap<number, JobRow>,
  ): Promise<Map<number, Moved>> {
    if (moves.length === 0) return new Map();
    const ids = moves.map((move) => move.jobId);
    const rows = locked ?? (await this.lock(tx, ids));
    const moved = new Map<number, Moved>();
    const decided: { row: JobRow; move: Move; decision: Decision }[] = [];
    for (const move of moves) {
      const row = rows.get(move.jobId);
      const refused = row === undefined ? 'unknown' : refuse(row, move);
      if (row === undefined || refused !== null) {
        moved.set(move.jobId, {
          changed: false,
          refused: refused ?? 'unknown',
          status: row?.status ?? null,
          row: row ?? null,
        });
        continue;
      }
      const decision = decide(row, move, timeOfStatement);
      decided.push({ row, move, decision });
      moved.set(move.jobId, { changed: true, status: decision.columns.status ?? row.status, row });
      if (decision.claimable && row.task_queue_id !== null) effects.taskQueues.add(row.task_queue_id);
      effects.jobs.add(row.job_id);
    }
    const ending = decided.flatMap(endedBy);
    effects.losses.push(...(await noteEnds(tx, ending)));
    for (const { failureClass, stamp } of ending) {
      if (failureClass !== 'infrastructure' && failureClass !== 'killed') effects.ended.add(stamp);
    }
    for (const limit of await releaseAttempts(tx, ending)) effects.limits.add(limit);
    await updateJobs(
      tx,
      decided.map(({ row, decision }) => ({ id: row.job_id, columns: decision.columns })),
    );
    await writeDeltas(
      tx,
      decided.flatMap(({ row, decision: { columns } }) => moveBetween(row, { ...row, ...columns })),
    );
    await writeHistory(
      tx,
      decided.flatMap(({ row, decision }) => decision.history.map((entry) => ({ ...entry, row }))),
    );
    return moved;
  }

  /** Orders the live attempt of each job to stop. A command belongs to its attempt; later attempts never see it. */
  async commandKill(tx: Transaction, effects: Effects, rows: readonly JobRow[]): Promise<void> {
    const held = rows.filter((row) => row.lease_attempt !== null);
    if (held.length === 0) return;
    await tx.execute(
      `INSERT INTO job_commands (job_id, attempt, pilot_stamp, command) VALUES ${held.map(() => "(?, ?, ?, 'Kill')").join(', ')}`,
      held.flatMap((row) => [row.job_id, row.lease_attempt, row.lease_stamp]),
    );
    for (const row of held) if (row.lease_stamp !== null) effects.pilots.add(row.lease_stamp);
  }
}

/** The attempt that a move ends. */
function endedBy({
  row,
  move,
  decision,
}: {
  row: JobRow;
  move: Move;
  decision: Decision;
}): (EndedAttempt & EndingAttempt & { stamp: string })[] {
  const { endsAttempt: end } = move;
  if (!decision.release || end === undefined || row.lease_attempt === null) return [];
  const { outcome, failureClass = null, exitCode = null } = end;
  const { vo, owner_subject: ownerSubject, job_group: jobGroup, lease_stamp: stamp } = row;
  const whose = { vo, ownerSubject, jobGroup, stamp: stamp ?? '', limited: Number(row.lease_limited) === 1 };
  return [{ jobId: row.job_id, attempt: row.lease_attempt, outcome, failureClass, exitCode, ...whose }];
}

/** Appends to the history of jobs. The states are taken from the entries, the attempt from the row. */
export async function writeHistory(
  tx: Queryable,
  entries: readonly (HistoryEntry & { row: Pick<JobRow, 'job_id' | 'vo' | 'attempt'> })[],
): Promise<void> {
  for (let start = 0; start < entries.length; start += 1_000) {
    const part = entries.slice(start, start + 1_000);
    await tx.execute(
      `INSERT INTO job_history (job_id, vo, attempt, status, minor_status, application_status, source, status_time)
       VALUES ?`,
      [
        part.map(({ row, status, minor, application, source, at }) => [
          row.job_id,
          row.vo,
          row.attempt,
          status,
          minor.slice(0, 128),
          application.slice(0, 255),
          source.slice(0, 40),
          at ?? timeOfStatement,
        ]),
      ],
    );
  }
}

/** Stands for a value that the database fills in. */
const timeOfStatement: StatementTime = { toSqlString: () => 'NOW(6)' };

/** The database's own time, as it writes times. */
export async function databaseNow(tx: Queryable): Promise<string> {
  const [row] = await tx.query<{ now: string }>('SELECT CAST(NOW(6) AS CHAR) AS now');
  if (row === undefined) throw new Error('The database gave no time');
  return row.now;
}

export function noEffects(): Effects {
  return {
    taskQueues: new Set(),
    pilots: new Set(),
    jobs: new Set(),
    limits: new Set(),
    messages: new Set(),
    losses: [],
    ended: new Set(),
  };
}
