import { Injectable } from '@nestjs/common';
import type { Owned, UserPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { Refusal } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import { managedRows, managesVo } from './managed-jobs.js';
import { jobsPerTransaction } from './shared-changes.js';

/** Judges bulk calls about jobs before the first job is changed. */
@Injectable()
export class Admission {
  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Refuses with `too-many-jobs` a call about more jobs than the VO of the caller allows. */
  checkSize(user: UserPrincipal, count: number): void {
    const most = this.configuration.get().document.vos[user.vo]?.jobs.max_jobs_per_call ?? 0;
    if (count > most) throw new Refusal('too-many-jobs', `${count} are more than the ${most} that one call may name`);
  }

  /**
   * The same, and holds a call that will be done in parts against the rule of {@link managedRows} as a whole. The owner of
   * a job never changes, so nothing is locked for that.
   */
  async admit(user: UserPrincipal, jobIds: readonly number[]): Promise<void> {
    this.checkSize(user, jobIds.length);
    if (jobIds.length > jobsPerTransaction && !managesVo(user)) await this.managed(user, jobIds);
  }

  /** The owners of those of these jobs that the user may change, by {@link managedRows}. */
  async managed(user: UserPrincipal, jobIds: readonly number[]): Promise<Map<number, Owned>> {
    const rows =
      jobIds.length === 0
        ? []
        : await this.database.query<Owned & { job_id: number }>(
            'SELECT job_id, vo, owner_subject, owner_group FROM jobs WHERE job_id IN (?)',
            [jobIds],
          );
    return managedRows(user, jobIds, new Map(rows.map((row) => [row.job_id, row])));
  }
}
