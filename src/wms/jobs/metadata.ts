import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import type { Transaction } from '../../platform/index.js';
import { type Cell, moveBetween, writeDeltas } from '../counters/index.js';
import { Jobs } from './jobs.js';
import { managedRows, sourceOf } from './managed-jobs.js';
import { type JobMetadata, readMetadata } from './metadata-values.js';
import type { JobRow } from './move.js';
import { setParameters } from './parameters.js';
import { jobIdOf } from './status-entries.js';

/** Attributes and parameters of jobs, as wrappers and users set them. */
@Injectable()
export class Metadata {
  constructor(private readonly jobs: Jobs) {}

  /** Sets what is given. Parameters belong to the current attempt. Jobs that an administrator does not know are left out. */
  async set(user: UserPrincipal, body: Record<string, Record<string, unknown>>): Promise<void> {
    const wanted = new Map(Object.entries(body).map(([id, given]) => [jobIdOf(id), readMetadata(id, given)]));
    const ids = [...wanted.keys()];
    await this.jobs.change(async (tx, effects) => {
      const rows = managedRows(user, ids, await this.jobs.lock(tx, ids));
      for (const [jobId, row] of rows) {
        const { columns, parameters } = wanted.get(jobId) ?? { columns: {}, parameters: {} };
        const { minor_status, application_status, ...labels } = columns;
        const said = { ...text('minor', minor_status), ...text('application', application_status) };
        // The minor states are part of the state, so they go by its one writer and into the history.
        if (Object.keys(said).length > 0) {
          await this.jobs.move(tx, effects, [{ jobId, source: sourceOf(user), ...said }]);
        }
        await setLabels(tx, row, labels);
        const entries = Object.entries(parameters);
        await setParameters(
          tx,
          entries.map(([name, value]) => ({ jobId, attempt: row.attempt, name, value })),
        );
        effects.jobs.add(jobId);
      }
    });
  }
}

function text(name: 'minor' | 'application', value: unknown): { minor?: string; application?: string } {
  return value === undefined ? {} : { [name]: String(value) };
}

/** Labels by which jobs are counted move the job to another counter. */
async function setLabels(tx: Transaction, row: JobRow, labels: JobMetadata['columns']): Promise<void> {
  const names = Object.keys(labels);
  if (names.length === 0) return;
  const assignments = ['last_update_time = NOW(6)', ...names.map((name) => `${name} = ?`)];
  await tx.execute(`UPDATE jobs SET ${assignments.join(', ')} WHERE job_id = ?`, [
    ...Object.values(labels),
    row.job_id,
  ]);
  await writeDeltas(tx, moveBetween(row, { ...row, ...(labels as Partial<Cell>) }));
}
