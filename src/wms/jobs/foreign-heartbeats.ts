import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import type { JobCommand, Metrics, Refusal } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import type { z } from 'zod';
import { Admission } from './admission.js';
import { databaseNow, type Effects, Jobs } from './jobs.js';
import { managedByCall, type UserCall } from './managed-jobs.js';
import type { JobRow, Move } from './move.js';
import { type JobParameter, setParameters } from './parameters.js';
import { type ChangeWave, SharedChanges } from './shared-changes.js';
import { jobIdOf } from './status-entries.js';

type Command = z.output<typeof JobCommand>;

interface HeartbeatCall extends UserCall {
  beats: ReadonlyMap<number, Metrics>;
}

/**
 * Heartbeats of DiracX's route: jobs that a wrapper of DIRAC runs. Pilots of Pilotage have their own, with leases. Calls
 * that come together share transactions.
 */
@Injectable()
export class ForeignHeartbeats {
  private readonly changes: SharedChanges<HeartbeatCall, Command[]>;

  constructor(
    private readonly admission: Admission,
    private readonly jobs: Jobs,
  ) {
    this.changes = new SharedChanges(jobs, (tx, effects, wave) => this.applyWave(tx, effects, wave));
  }

  /** Notes the signs of life and hands out the commands that wait for these jobs, each once. Unknown jobs are left out. */
  async record(user: UserPrincipal, body: Record<string, Metrics>): Promise<Command[]> {
    const beats = new Map(Object.entries(body).map(([id, metrics]) => [jobIdOf(id), metrics]));
    const ids = [...beats.keys()];
    await this.admission.admit(user, ids);
    // Commands are handed out once: those of the parts that were done are told, whatever became of the rest.
    const { replies } = await this.changes.addInParts(ids, (jobIds) => ({ user, jobIds, beats }));
    return replies.flat();
  }

  private async applyWave(
    tx: Transaction,
    effects: Effects,
    wave: ChangeWave<HeartbeatCall>,
  ): Promise<Map<HeartbeatCall, Command[] | Refusal>> {
    const told = new Map<HeartbeatCall, Command[] | Refusal>();
    const now = await databaseNow(tx);
    const alive: JobRow[] = [];
    const parameters: JobParameter[] = [];
    const commands = new Map<number, Command[]>();
    for (const [call, rows] of managedByCall(wave, told)) {
      const reply: Command[] = [];
      told.set(call, reply);
      for (const row of rows.values()) {
        if (row.lease_attempt !== null) continue;
        alive.push(row);
        parameters.push(...metricsOf(row, call.beats.get(row.job_id) ?? {}));
        commands.set(row.job_id, reply);
      }
    }
    await this.jobs.move(
      tx,
      effects,
      alive.map((row) => signOfLife(row, now)),
      wave.rows,
    );
    await setParameters(tx, parameters);
    for (const command of await takeCommands(tx, alive)) commands.get(command.job_id)?.push(command);
    return told;
  }
}

/** A job that was thought lost runs after all; in all other states a heartbeat changes no state. */
function signOfLife(row: JobRow, now: string): Move {
  const common = { jobId: row.job_id, source: 'Heartbeat', set: { heart_beat_time: now } };
  return row.status === 'Matched' || row.status === 'Stalled' ? { ...common, to: 'Running' } : common;
}

function metricsOf(row: JobRow, metrics: Metrics): JobParameter[] {
  return Object.entries(metrics)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ jobId: row.job_id, attempt: row.attempt, name, value: String(value) }));
}

/** Commands of the current attempt that no pilot holds; under the job's lock, so nobody else gets them too. */
async function takeCommands(tx: Transaction, rows: readonly JobRow[]): Promise<Command[]> {
  if (rows.length === 0) return [];
  const found = await tx.query<{ command_id: number; job_id: number; command: string; arguments: string }>(
    `SELECT command_id, job_id, command, arguments FROM job_commands
     WHERE (job_id, attempt) IN (?) AND pilot_stamp IS NULL AND delivered_at IS NULL ORDER BY command_id`,
    [rows.map((row) => [row.job_id, row.attempt])],
  );
  if (found.length === 0) return [];
  await tx.execute('UPDATE job_commands SET delivered_at = NOW(6), acknowledged_at = NOW(6) WHERE command_id IN (?)', [
    found.map(({ command_id }) => command_id),
  ]);
  return found.map(({ job_id, command, arguments: given }) => ({ job_id, command, arguments: given }));
}
