import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type JobDescription, minor, Refusal } from '../../contract/index.js';
import { send, toWire, type Transaction } from '../../platform/index.js';
import { checkingMinor, needsChecks } from '../checking/checks.js';
import { Admission } from './admission.js';
import { databaseNow, type Effects, Jobs } from './jobs.js';
import { managedByCall, type Outcomes, sourceOf, together, type UserCall } from './managed-jobs.js';
import type { JobRow, Move } from './move.js';
import { orderKill } from './order-kill.js';
import { type ChangeWave, SharedChanges } from './shared-changes.js';
import { siteLabel } from './site-label.js';

/** What a job starts again from. */
interface Origin {
  job_id: number;
  jdl: string | null;
  site: string;
  /** It has input sandboxes, which are looked for again. */
  needsChecks: boolean;
}

interface RescheduleCall extends UserCall {
  reset: boolean;
}

/** A job that starts again, and the call that wants it. */
interface Restart {
  row: JobRow;
  call: RescheduleCall;
}

/** Running jobs again from the beginning, at the wish of a user. Calls that come together share transactions. */
@Injectable()
export class Rescheduling {
  private readonly changes: SharedChanges<RescheduleCall, Outcomes>;

  constructor(
    private readonly admission: Admission,
    private readonly jobs: Jobs,
    private readonly configuration: CurrentConfiguration,
  ) {
    this.changes = new SharedChanges(jobs, (tx, effects, wave) => this.applyWave(tx, effects, wave));
  }

  /**
   * Sends jobs back to their queues, from any state but Deleted. A live attempt is told to stop, and the next one waits
   * until it has. Counts against `max_rescheduling` of the VO; `reset` sets the count to zero instead. Refuses with
   * `not-reschedulable` when no job of the call could be.
   */
  async reschedule(user: UserPrincipal, named: readonly number[], reset: boolean): Promise<Outcomes> {
    const ids = [...new Set(named)];
    await this.admission.admit(user, ids);
    const outcomes = together(await this.changes.addInParts(ids, (jobIds) => ({ user, jobIds, reset })));
    if (Object.keys(outcomes.success).length === 0) {
      throw new Refusal('not-reschedulable', undefined, { body: outcomes });
    }
    return outcomes;
  }

  private async applyWave(
    tx: Transaction,
    effects: Effects,
    wave: ChangeWave<RescheduleCall>,
  ): Promise<Map<RescheduleCall, Outcomes | Refusal>> {
    const told = new Map<RescheduleCall, Outcomes | Refusal>();
    const again: (Restart & { outcomes: Outcomes })[] = [];
    for (const [call, rows] of managedByCall(wave, told)) {
      const outcomes: Outcomes = { success: {}, failed: {} };
      told.set(call, outcomes);
      for (const jobId of call.jobIds) {
        const row = rows.get(jobId);
        const detail = row === undefined ? 'Not found' : this.whyNot(row, call.reset);
        if (row !== undefined && detail === null) again.push({ row, call, outcomes });
        else outcomes.failed[jobId] = { detail: detail ?? 'Not found' };
      }
    }
    const origins = await originsOf(
      tx,
      again.map(({ row }) => row),
    );
    const moves = await this.restart(tx, effects, again, { origins, rows: wave.rows });
    again.forEach(({ row, outcomes }, index) => {
      outcomes.success[row.job_id] = tell(row, moves[index], origins.get(row.job_id));
    });
    return told;
  }

  /** Stops what still runs of these jobs and sends them on their way. The moves, in the order of `again`. */
  private async restart(
    tx: Transaction,
    effects: Effects,
    again: readonly Restart[],
    { origins, rows }: { origins: ReadonlyMap<number, Origin>; rows: ReadonlyMap<number, JobRow> },
  ): Promise<Move[]> {
    const now = await databaseNow(tx);
    const moves = again.map(({ row, call }) =>
      startAgain(row, origins.get(row.job_id), { now, reset: call.reset, source: sourceOf(call.user) }),
    );
    const held = again.flatMap(({ row }) => (row.lease_attempt === null ? [] : [row]));
    const free = again.flatMap(({ row }) => (row.lease_attempt === null ? [row] : []));
    await orderKill(tx, effects, this.jobs, held);
    await forgetCommands(tx, free);
    await this.jobs.move(tx, effects, moves, rows);
    const checked = moves.filter(({ to }) => to === 'Checking').map(({ jobId }) => jobId);
    if (checked.length > 0) await send(tx, [{ topic: 'check-jobs', payload: { job_ids: checked } }]);
    if (checked.length > 0) effects.messages.add('check-jobs');
    return moves;
  }

  private whyNot(row: JobRow, reset: boolean): string | null {
    if (row.status === 'Deleted') return 'A job that is Deleted cannot be rescheduled';
    const most = this.configuration.get().document.vos[row.vo]?.jobs.max_rescheduling ?? 0;
    if (reset || row.reschedule_counter < most) return null;
    return `Maximum number of reschedules exceeded (${most})`;
  }
}

/** The user's own wish forgives what the infrastructure lost before. */
function startAgain(
  row: JobRow,
  origin: Origin | undefined,
  { now, reset, source }: { now: string; reset: boolean; source: string },
): Move {
  const first = { status: 'Rescheduled' as const, minor: minor.rescheduled };
  const next =
    origin?.needsChecks === true
      ? { to: 'Checking' as const, minor: checkingMinor }
      : { to: 'Waiting' as const, minor: minor.waiting };
  return {
    jobId: row.job_id,
    through: [first, { status: 'Received', minor: minor.rescheduled }],
    ...next,
    application: 'Unknown',
    source,
    force: true,
    set: {
      site: origin?.site ?? 'ANY',
      reschedule_counter: reset ? 0 : row.reschedule_counter + 1,
      infrastructure_failures: 0,
      reschedule_time: now,
      start_exec_time: null,
      end_exec_time: null,
      heart_beat_time: null,
    },
  };
}

/** DiracX's reply: the job as it was received again, although it may be Waiting by now. */
function tell(row: JobRow, move: Move | undefined, origin: Origin | undefined): Record<string, unknown> {
  const time = toWire(move?.set?.reschedule_time ?? null);
  return {
    InputData: origin?.jdl ?? '',
    Site: move?.set?.site ?? row.site,
    UserPriority: row.user_priority,
    RescheduleTime: time,
    RescheduleCounter: move?.set?.reschedule_counter ?? row.reschedule_counter,
    Status: 'Received',
    MinorStatus: minor.rescheduled,
    ApplicationStatus: 'Unknown',
    HeartBeatTime: null,
    StartExecTime: null,
    EndExecTime: null,
    LastUpdateTime: time,
  };
}

async function originsOf(tx: Transaction, rows: readonly JobRow[]): Promise<Map<number, Origin>> {
  if (rows.length === 0) return new Map();
  const found = await tx.query<{ job_id: number; jdl: string | null; document: string }>(
    `SELECT j.job_id, d.jdl, d.document FROM jobs j JOIN job_descriptions d ON d.description_id = j.description_id
     WHERE j.job_id IN (?)`,
    [rows.map((row) => row.job_id)],
  );
  return new Map(
    found.map(({ job_id, jdl, document }) => {
      const description = JSON.parse(document) as JobDescription;
      return [job_id, { job_id, jdl, site: siteLabel(description.sites), needsChecks: needsChecks(description) }];
    }),
  );
}

/** Orders that no wrapper has fetched belong to the run that is over; the next one must not meet them. */
async function forgetCommands(tx: Transaction, rows: readonly JobRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.execute(
    `UPDATE job_commands SET delivered_at = NOW(6), acknowledged_at = NOW(6)
     WHERE job_id IN (?) AND pilot_stamp IS NULL AND delivered_at IS NULL`,
    [rows.map((row) => row.job_id)],
  );
}
