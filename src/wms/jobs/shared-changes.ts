import { Refusal } from '../../contract/index.js';
import { BatchLane, type BatchOutcome, isDatabaseUnavailable, type Transaction } from '../../platform/index.js';
import { inWaves } from './in-waves.js';
import { type Effects, Jobs } from './jobs.js';
import type { JobRow } from './move.js';

/** What somebody wants of some jobs; each job is named once. */
export interface ChangeCall {
  jobIds: readonly number[];
}

/** Calls that name no job twice between them, with the rows of their jobs, which are locked. */
export interface ChangeWave<Call> {
  calls: readonly Call[];
  rows: ReadonlyMap<number, JobRow>;
}

/** Does the work of a wave. A {@link Refusal} among the replies is the answer to that call; it must have changed nothing. */
export type ApplyChanges<Call, Reply> = (
  tx: Transaction,
  effects: Effects,
  wave: ChangeWave<Call>,
) => Promise<Map<Call, Reply | Refusal>>;

/** Calls about more jobs than these have transactions of their own. */
const smallCall = 50;
/** Jobs of one transaction: their rows are locked for a fraction of a second, so that heartbeats need not wait long. */
export const jobsPerTransaction = 1_000;

/**
 * Shared commits for the calls of one bulk route. Small calls that arrive while a transaction runs go into the next one,
 * in the order of their arrival; when that fails, it is tried in halves, so that only the call at fault fails. The number
 * of statements of a transaction does not depend on the number of its jobs.
 */
export class SharedChanges<Call extends ChangeCall, Reply> {
  private readonly small: BatchLane<Call, Reply>;
  private readonly large: BatchLane<Call, Reply>;

  constructor(
    private readonly jobs: Jobs,
    private readonly apply: ApplyChanges<Call, Reply>,
  ) {
    this.small = new BatchLane((calls) => this.write(calls), { largest: 100, lanes: 2 });
    this.large = new BatchLane((calls) => this.write(calls), { largest: 1, lanes: 2 });
  }

  /** Hands a call in; settles after its commit. */
  add(call: Call): Promise<Reply> {
    return (call.jobIds.length <= smallCall ? this.small : this.large).add(call);
  }

  /**
   * A call of any size, done in parts of {@link jobsPerTransaction} jobs, one after the other. When the database goes away
   * between two parts, what was done stays done: `undone` are the jobs of the parts that were not.
   */
  async addInParts(
    jobIds: readonly number[],
    partOf: (jobIds: readonly number[]) => Call,
  ): Promise<{ replies: Reply[]; undone: readonly number[] }> {
    const replies: Reply[] = [];
    let start = 0;
    do {
      try {
        replies.push(await this.add(partOf(jobIds.slice(start, start + jobsPerTransaction))));
      } catch (error) {
        if (replies.length === 0 || !isDatabaseUnavailable(error)) throw error;
        return { replies, undone: jobIds.slice(start) };
      }
      start += jobsPerTransaction;
    } while (start < jobIds.length);
    return { replies, undone: [] };
  }

  private async write(calls: Call[]): Promise<BatchOutcome<Reply>[]> {
    const replies = await this.jobs.change(async (tx, effects) => {
      const told = new Map<Call, Reply | Refusal>();
      // All at once and in order, so that two batches cannot each hold what the other waits for.
      let rows = await this.jobs.lock(
        tx,
        calls.flatMap(({ jobIds }) => jobIds),
      );
      const waves = inWaves(calls, ({ jobIds }) => jobIds);
      for (const [index, wave] of waves.entries()) {
        if (index > 0) {
          rows = await this.jobs.lock(
            tx,
            wave.flatMap(({ jobIds }) => jobIds),
          );
        }
        for (const [call, reply] of await this.apply(tx, effects, { calls: wave, rows })) told.set(call, reply);
      }
      return told;
    });
    return calls.map((call) => {
      if (!replies.has(call)) return { error: new Error('A change of jobs gave no reply') };
      const reply = replies.get(call) as Reply | Refusal;
      return reply instanceof Refusal ? { error: reply } : { ok: reply };
    });
  }
}
