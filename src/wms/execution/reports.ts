import { Injectable } from '@nestjs/common';
import type { AttemptPrincipal } from '../../auth/index.js';
import { type BodyOf, type execution, type JobStatus, Refusal } from '../../contract/index.js';
import { BatchLane, type BatchOutcome, type Transaction } from '../../platform/index.js';
import { type Effects, Jobs } from '../jobs/jobs.js';
import { inWaves } from '../jobs/in-waves.js';
import { setReported } from '../jobs/parameters.js';

type Body = BodyOf<typeof execution.status>;

interface Report extends Body {
  jobId: number;
  attempt: number;
  vo: string;
}

/** So many attempts are remembered as started. */
const mostStarted = 100_000;

/** What a wrapper may say of its job on the way; the end of the attempt has its own call. */
const reportable: readonly JobStatus[] = ['Running', 'Completing'];

/** Progress of attempts, fenced by their leases. Reports that arrive together share a transaction. */
@Injectable()
export class Reports {
  private readonly lane: BatchLane<Report, void>;
  /** Attempts whose start is in the database: wrappers say more than once that they run. */
  private readonly started = new Set<string>();

  constructor(private readonly jobs: Jobs) {
    this.lane = new BatchLane((reports) => this.write(reports), { largest: 200 });
  }

  /**
   * Takes a report. One that was seen before changes nothing, nor does one about a job that was killed or rescheduled
   * while its attempt lives on. Throws `attempt-ended` when the attempt no longer holds the job's lease, or is of another
   * VO than the job.
   */
  async take({ jobId, attempt, vo }: AttemptPrincipal, body: Body): Promise<void> {
    if (body.status !== undefined && !reportable.includes(body.status)) {
      throw new Refusal('invalid-request', `An attempt reports ${reportable.join(' or ')}; it ends through …/end`);
    }
    await this.lane.add({ ...body, jobId, attempt, vo });
  }

  private async write(reports: Report[]): Promise<BatchOutcome<void>[]> {
    const { settled, starts } = await this.jobs.change(async (tx, effects) => {
      const outcomes = new Map<Report, BatchOutcome<void>>();
      const starting: Report[] = [];
      for (const wave of inWaves(reports, ({ jobId }) => [jobId])) {
        const { settled: ofWave, fresh } = await this.writeWave(tx, effects, wave);
        for (const [report, outcome] of ofWave) outcomes.set(report, outcome);
        starting.push(...(await this.noteStarts(tx, fresh)));
      }
      return { settled: outcomes, starts: starting };
    });
    if (this.started.size > mostStarted) this.started.clear();
    for (const report of starts) this.started.add(attemptOf(report));
    return reports.map((report) => settled.get(report) ?? { ok: undefined });
  }

  private async writeWave(
    tx: Transaction,
    effects: Effects,
    wave: readonly Report[],
  ): Promise<{ settled: Map<Report, BatchOutcome<void>>; fresh: Report[] }> {
    const ids = wave.map(({ jobId }) => jobId);
    const rows = await this.jobs.lock(tx, ids);
    const holds = ({ jobId, attempt, vo }: Report): boolean => {
      const row = rows.get(jobId);
      return row?.lease_attempt === attempt && row.vo === vo;
    };
    const fresh = wave.filter(
      (report) => holds(report) && report.sequence > (rows.get(report.jobId)?.lease_sequence ?? 0),
    );
    await this.jobs.move(tx, effects, fresh.filter(says).map(moveOf), rows);
    await setReported(tx, fresh);
    await noteSequences(tx, fresh);
    const ended: BatchOutcome<void> = { error: new Refusal('attempt-ended') };
    const settled = new Map(wave.map((report) => [report, holds(report) ? { ok: undefined } : ended]));
    return { settled, fresh };
  }

  /** Writes when attempts started, of those that are not known to have; gives these. */
  private async noteStarts(tx: Transaction, fresh: readonly Report[]): Promise<Report[]> {
    const starting = fresh.filter((report) => report.status === 'Running' && !this.started.has(attemptOf(report)));
    if (starting.length === 0) return starting;
    // MariaDB reads the whole table for an UPDATE whose list of pairs has one member, hence the ids besides.
    await tx.execute(
      `UPDATE attempts SET started_at = NOW(6)
       WHERE job_id IN (?) AND (job_id, attempt) IN (?) AND started_at IS NULL`,
      [starting.map(({ jobId }) => jobId), starting.map(({ jobId, attempt }) => [jobId, attempt])],
    );
    return starting;
  }
}

function attemptOf({ jobId, attempt }: Report): string {
  return `${jobId}.${attempt}`;
}

function says({ status, minor_status, application_status }: Report): boolean {
  return status !== undefined || minor_status !== undefined || application_status !== undefined;
}

function moveOf({ jobId, attempt, status, minor_status, application_status }: Report): Parameters<Jobs['move']>[2][0] {
  return {
    jobId,
    attempt,
    source: 'JobWrapper',
    ...(status === undefined ? {} : { to: status }),
    ...(minor_status === undefined ? {} : { minor: minor_status }),
    ...(application_status === undefined ? {} : { application: application_status }),
  };
}

async function noteSequences(tx: Transaction, fresh: readonly Report[]): Promise<void> {
  if (fresh.length === 0) return;
  await tx.execute(
    `UPDATE leases SET sequence = CASE job_id ${fresh.map(() => 'WHEN ? THEN ?').join(' ')} END WHERE job_id IN (?)`,
    [...fresh.flatMap(({ jobId, sequence }) => [jobId, sequence]), fresh.map(({ jobId }) => jobId)],
  );
}
