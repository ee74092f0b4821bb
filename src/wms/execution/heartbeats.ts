import { Inject, Injectable } from '@nestjs/common';
import { type BodyOf, type execution, minor, type ReplyOf } from '../../contract/index.js';
import { BatchLane, PLATFORM_CONFIG, type PlatformConfig, type Transaction } from '../../platform/index.js';
import { type Effects, Jobs } from '../jobs/jobs.js';
import type { JobRow } from '../jobs/move.js';

type Beat = BodyOf<typeof execution.heartbeat>['attempts'][number];
/** What became of the attempts that a heartbeat named. */
export type Beaten = ReplyOf<typeof execution.heartbeat>['attempts'];

interface Pulse {
  stamp: string;
  attempts: Beat[];
}

/** Heartbeats renew leases in bulk, several pilots per transaction. */
@Injectable()
export class Heartbeats {
  private readonly lane: BatchLane<Pulse, Beaten>;

  constructor(
    private readonly jobs: Jobs,
    @Inject(PLATFORM_CONFIG) private readonly settings: PlatformConfig,
  ) {
    this.lane = new BatchLane((pulses) => this.write(pulses), { largest: 100 });
  }

  /**
   * Renews the leases that this pilot holds, also of jobs that were killed and are still dying, and notes what the
   * payloads use and print. Any other attempt is `gone`. Stalled jobs run again.
   */
  async beat(stamp: string, attempts: Beat[]): Promise<Beaten> {
    return attempts.length === 0 ? [] : this.lane.add({ stamp, attempts });
  }

  private async write(pulses: Pulse[]): Promise<{ ok: Beaten }[]> {
    const held = await this.jobs.change(async (tx, effects) => {
      const ids = pulses.flatMap(({ attempts }) => attempts.map(({ job_id }) => job_id));
      const rows = await this.jobs.lock(tx, ids);
      const beats = pulses.flatMap(({ stamp, attempts }) => attempts.filter((beat) => holds(rows, stamp, beat)));
      await this.renew(tx, beats);
      await this.revive(
        tx,
        effects,
        beats.flatMap(({ job_id }) => rows.get(job_id) ?? []),
      );
      return rows;
    });
    return pulses.map(({ stamp, attempts }) => ({
      ok: attempts.map((beat) => {
        const outcome = holds(held, stamp, beat) ? 'renewed' : 'gone';
        const lease_seconds = outcome === 'renewed' ? this.settings.leaseSeconds : 0;
        return { job_id: beat.job_id, attempt: beat.attempt, outcome, lease_seconds };
      }),
    }));
  }

  private async renew(tx: Transaction, beats: readonly Beat[]): Promise<void> {
    // Of a job that is named twice the last beat counts.
    const last = [...new Map(beats.map((beat) => [beat.job_id, beat])).values()];
    if (last.length === 0) return;
    const ids = last.map(({ job_id }) => job_id);
    await tx.execute(
      `UPDATE ${listOf('metrics')} STRAIGHT_JOIN leases l ON l.job_id = listed.job_id
       SET l.expires_at = NOW(6) + INTERVAL ? SECOND, l.metrics = listed.metrics`,
      [
        JSON.stringify(
          last.map(({ job_id, metrics }) => [job_id, JSON.stringify({ ...metrics, StandardOutput: undefined })]),
        ),
        this.settings.leaseSeconds,
      ],
    );
    await tx.execute('UPDATE jobs SET heart_beat_time = NOW(6) WHERE job_id IN (?)', [ids]);
    const tails = last.flatMap(({ job_id, metrics: { StandardOutput: tail } }) =>
      tail === undefined ? [] : [[job_id, wellFormed(tail)]],
    );
    if (tails.length === 0) return;
    await tx.execute(
      `UPDATE ${listOf('output_tail')} STRAIGHT_JOIN leases l ON l.job_id = listed.job_id
       SET l.output_tail = listed.output_tail, l.output_at = NOW(6)`,
      [JSON.stringify(tails)],
    );
  }

  private async revive(tx: Transaction, effects: Effects, rows: readonly JobRow[]): Promise<void> {
    const stalled = rows.filter(({ status }) => status === 'Stalled');
    if (stalled.length === 0) return;
    await this.jobs.move(
      tx,
      effects,
      stalled.map(({ job_id: jobId }) => ({
        jobId,
        to: 'Running' as const,
        from: ['Stalled' as const],
        minor: minor.application,
        source: 'Heartbeat',
      })),
    );
  }
}

/** A list of [job id, text] as a table, joined row by row: with CASE the time would grow with the square of its length. */
function listOf(text: string): string {
  return `JSON_TABLE(?, '$[*]' COLUMNS (job_id BIGINT UNSIGNED PATH '$[0]', ${text} MEDIUMTEXT PATH '$[1]')) AS listed`;
}

/** A cut may leave half of a surrogate pair, which the database takes for no JSON at all. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function holds(rows: Map<number, JobRow>, stamp: string, { job_id, attempt }: Beat): boolean {
  const row = rows.get(job_id);
  return row !== undefined && row.lease_attempt === attempt && row.lease_stamp === stamp;
}
