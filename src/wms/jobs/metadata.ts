import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { Refusal } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';
import { type Cell, type CountChange, moveBetween, writeDeltas } from '../counters/index.js';
import { Admission } from './admission.js';
import { type Effects, Jobs } from './jobs.js';
import { managedByCall, sourceOf, type UserCall } from './managed-jobs.js';
import { type JobMetadata, readMetadata } from './metadata-values.js';
import type { Move } from './move.js';
import { type JobParameter, setParameters } from './parameters.js';
import { type ChangeWave, SharedChanges } from './shared-changes.js';
import { jobIdOf } from './status-entries.js';
import { type JobChange, updateJobs } from './update-jobs.sql.js';

interface MetadataCall extends UserCall {
  wanted: ReadonlyMap<number, JobMetadata>;
}

/** Attributes and parameters of jobs, as wrappers and users set them. Calls that come together share transactions. */
@Injectable()
export class Metadata {
  private readonly changes: SharedChanges<MetadataCall, void>;

  constructor(
    private readonly admission: Admission,
    private readonly jobs: Jobs,
  ) {
    this.changes = new SharedChanges(jobs, (tx, effects, wave) => this.applyWave(tx, effects, wave));
  }

  /** Sets what is given. Parameters belong to the current attempt. Jobs that an administrator does not know are left out. */
  async set(user: UserPrincipal, body: Record<string, Record<string, unknown>>): Promise<void> {
    const wanted = new Map(Object.entries(body).map(([id, given]) => [jobIdOf(id), readMetadata(id, given)]));
    const ids = [...wanted.keys()];
    await this.admission.admit(user, ids);
    const { undone } = await this.changes.addInParts(ids, (jobIds) => ({ user, jobIds, wanted }));
    // There is no reply that could name the jobs; setting the same again is harmless.
    if (undone.length > 0) throw new Refusal('unavailable', 'The database does not answer; send all of it again');
  }

  private async applyWave(
    tx: Transaction,
    effects: Effects,
    wave: ChangeWave<MetadataCall>,
  ): Promise<Map<MetadataCall, void | Refusal>> {
    const told = new Map<MetadataCall, void | Refusal>();
    const moves: Move[] = [];
    const labelled: JobChange[] = [];
    const deltas: CountChange[] = [];
    const parameters: JobParameter[] = [];
    for (const [call, rows] of managedByCall(wave, told)) {
      told.set(call, undefined);
      for (const [jobId, row] of rows) {
        const { columns, parameters: given } = call.wanted.get(jobId) ?? { columns: {}, parameters: {} };
        const { minor_status, application_status, ...labels } = columns;
        const said = { ...text('minor', minor_status), ...text('application', application_status) };
        // The minor states are part of the state, so they go by its one writer and into the history.
        if (Object.keys(said).length > 0) moves.push({ jobId, source: sourceOf(call.user), ...said });
        if (Object.keys(labels).length > 0) labelled.push({ id: jobId, columns: labels });
        // Labels by which jobs are counted move the job to another counter.
        deltas.push(...moveBetween(row, { ...row, ...(labels as Partial<Cell>) }));
        for (const [name, value] of Object.entries(given)) {
          parameters.push({ jobId, attempt: row.attempt, name, value });
        }
        effects.jobs.add(jobId);
      }
    }
    await this.jobs.move(tx, effects, moves, wave.rows);
    await updateJobs(tx, labelled);
    await writeDeltas(tx, deltas);
    await setParameters(tx, parameters);
    return told;
  }
}

function text(name: 'minor' | 'application', value: unknown): { minor?: string; application?: string } {
  return value === undefined ? {} : { [name]: String(value) };
}
