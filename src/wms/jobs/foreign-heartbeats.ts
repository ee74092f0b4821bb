import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { type JobCommand, type Metrics, Refusal } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import type { z } from 'zod';
import { databaseNow, Jobs } from './jobs.js';
import { managedRows } from './managed-jobs.js';
import type { JobRow, Move } from './move.js';
import { setParameters } from './parameters.js';

type Command = z.output<typeof JobCommand>;

/** Heartbeats of DiracX's route: jobs that a wrapper of DIRAC runs. Pilots of Pilotage have their own, with leases. */
@Injectable()
export class ForeignHeartbeats {
  constructor(private readonly jobs: Jobs) {}

  /** Notes the signs of life and hands out the commands that wait for these jobs, each once. Unknown jobs are left out. */
  record(user: UserPrincipal, beats: Record<string, Metrics>): Promise<Command[]> {
    const ids = Object.keys(beats).map(jobIdOf);
    return this.jobs.change(async (tx, effects) => {
      const rows = [...managedRows(user, ids, await this.jobs.lock(tx, ids)).values()];
      const now = await databaseNow(tx);
      const told = rows.filter((row) => row.lease_attempt === null);
      await this.jobs.move(
        tx,
        effects,
        told.map((row) => signOfLife(row, now)),
      );
      await setParameters(
        tx,
        told.flatMap((row) => metricsOf(row, beats[row.job_id] ?? {})),
      );
      return takeCommands(tx, told);
    });
  }
}

function jobIdOf(text: string): number {
  const id = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(id) && id > 0) return id;
  throw new Refusal('invalid-request', `body: ${text.slice(0, 64)} is no job id`);
}

/** A job that was thought lost runs after all; in all other states a heartbeat changes no state. */
function signOfLife(row: JobRow, now: string): Move {
  const common = { jobId: row.job_id, source: 'Heartbeat', set: { heart_beat_time: now } };
  return row.status === 'Matched' || row.status === 'Stalled' ? { ...common, to: 'Running' } : common;
}

function metricsOf(row: JobRow, metrics: Metrics): Parameters<typeof setParameters>[1][number][] {
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
