import { Injectable } from '@nestjs/common';
import type { AttemptPrincipal } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type BodyOf, type execution, Refusal } from '../../contract/index.js';
import { BatchLane, type BatchOutcome, type Transaction } from '../../platform/index.js';
import { databaseNow, type Effects, Jobs } from '../jobs/jobs.js';
import type { JobRow } from '../jobs/move.js';
import { type AttemptEnd, moveAfter } from './after-attempt.js';
import { inWaves } from '../jobs/in-waves.js';
import { retryLimitsOf } from './retry-limits.js';
import { setReported } from '../jobs/parameters.js';
import { keepOutputTails } from './keep-output-tails.sql.js';

/** The end of one attempt, and who says so. */
export interface Ending {
  jobId: number;
  attempt: number;
  end: AttemptEnd;
  source: string;
  parameters: Record<string, string>;
}

/** What a wrapper says of its end, and the VO of its token. */
interface ToldEnding extends Ending {
  vo: string;
}

/** Ends attempts: the lease goes, the job becomes Done, Failed or Killed, or it is queued again by its retry policy. */
@Injectable()
export class AttemptEnds {
  private readonly lane: BatchLane<ToldEnding, void>;

  constructor(
    private readonly jobs: Jobs,
    private readonly configuration: CurrentConfiguration,
  ) {
    this.lane = new BatchLane((endings) => this.write(endings), { largest: 200 });
  }

  /**
   * The wrapper says that its attempt has ended and its payload is gone. Repeating it is harmless. Throws
   * `attempt-ended` when the attempt had already ended otherwise (its lease expired, its pilot vanished), or is of another
   * VO than the job.
   */
  async take({ jobId, attempt, vo }: AttemptPrincipal, body: BodyOf<typeof execution.end>): Promise<void> {
    const { outcome, failure_class, exit_code, minor_status, application_status, parameters } = body;
    const end: AttemptEnd = {
      outcome,
      minor: minor_status,
      ...(failure_class === undefined ? {} : { failureClass: failure_class }),
      ...(exit_code === undefined ? {} : { exitCode: exit_code }),
      ...(application_status === undefined ? {} : { application: application_status }),
    };
    await this.lane.add({ jobId, attempt, vo, end, source: 'JobWrapper', parameters });
  }

  /**
   * Ends attempts in the caller's transaction, those that still hold their lease; each job is named once. `still` judges
   * again under the locks. Gives the ids of the jobs whose attempt ended.
   */
  async end(
    tx: Transaction,
    effects: Effects,
    endings: readonly Ending[],
    still: (row: JobRow) => boolean = () => true,
  ): Promise<Set<number>> {
    const rows = await this.jobs.lock(
      tx,
      endings.map(({ jobId }) => jobId),
    );
    const now = await databaseNow(tx);
    const { document } = this.configuration.get();
    const holding = endings.flatMap((ending) => {
      const row = rows.get(ending.jobId);
      return row?.lease_attempt === ending.attempt && still(row) ? [{ ...ending, row }] : [];
    });
    await keepOutputTails(
      tx,
      holding.map(({ jobId }) => jobId),
    );
    await setReported(tx, holding);
    await this.jobs.move(
      tx,
      effects,
      holding.map(({ jobId, attempt, end, source, row }) => {
        const change = moveAfter(row, end, { limits: retryLimitsOf(document, row.vo), now });
        return { jobId, attempt, source, ...change };
      }),
    );
    return new Set(holding.map(({ jobId }) => jobId));
  }

  private async write(endings: ToldEnding[]): Promise<BatchOutcome<void>[]> {
    const settled = await this.jobs.change(async (tx, effects) => {
      const outcomes = new Map<ToldEnding, BatchOutcome<void>>();
      for (const wave of inWaves(endings, ({ jobId }) => [jobId])) {
        const voOf = new Map(wave.map(({ jobId, vo }) => [jobId, vo]));
        const ended = await this.end(tx, effects, wave, (row) => row.vo === voOf.get(row.job_id));
        for (const ending of wave) {
          const harmless = ended.has(ending.jobId) || (await this.endedSo(tx, ending));
          outcomes.set(ending, harmless ? { ok: undefined } : { error: new Refusal('attempt-ended') });
        }
      }
      return outcomes;
    });
    return endings.map((ending) => settled.get(ending) ?? { error: new Error('An ending was lost in its batch') });
  }

  /** Whether the attempt ended before just as it says now: its reply was lost. */
  private async endedSo(tx: Transaction, { jobId, attempt, vo, end }: ToldEnding): Promise<boolean> {
    const [row] = await tx.query<{ outcome: string | null }>(
      'SELECT outcome FROM attempts WHERE job_id = ? AND attempt = ? AND vo = ? AND ended_at IS NOT NULL',
      [jobId, attempt, vo],
    );
    return row?.outcome === end.outcome;
  }
}
