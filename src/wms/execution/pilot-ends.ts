import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/index.js';
import { Jobs } from '../jobs/jobs.js';
import { AttemptEnds } from './attempt-ends.js';

/** What happens to the attempts of a pilot that is known to be gone: they end at once, without waiting for their leases. */
@Injectable()
export class PilotEnds {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly ends: AttemptEnds,
  ) {}

  /** Ends all live attempts of the pilot, whoever says that it is gone; `reason` goes to the history. Gives their number. */
  async pilotGone(stamp: string, reason: string, source = 'PilotMonitor'): Promise<number> {
    const leases = await this.database.query<{ job_id: number; attempt: number }>(
      'SELECT job_id, attempt FROM leases WHERE pilot_stamp = ? ORDER BY job_id',
      [stamp],
    );
    if (leases.length === 0) return 0;
    const endings = leases.map(({ job_id: jobId, attempt }) => ({
      jobId,
      attempt,
      source,
      parameters: {},
      end: {
        outcome: 'lost' as const,
        failureClass: 'infrastructure' as const,
        minor: reason,
      },
    }));
    const ended = await this.jobs.change((tx, effects) =>
      this.ends.end(tx, effects, endings, (row) => row.lease_stamp === stamp),
    );
    return ended.size;
  }
}
