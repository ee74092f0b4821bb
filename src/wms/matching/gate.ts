import type { ClaimableJob } from '../jobs/claim-jobs.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { Claimer } from './claimer.js';

/**
 * What stands between a job that fits and a pilot whose turn it serves, such as limits of running jobs. `distribute` asks
 * for each job before it is taken.
 */
export interface Gate {
  /**
   * For queues whose jobs are not equal to the gate: the owners of whose jobs it is known that they may not go to this
   * claimer. Of such a queue the gate is asked with the job, when its row is at hand. Null for all other queues.
   */
  refusedOwners(queue: WaitingQueue, claimer: Claimer): ReadonlySet<string> | null;
  /** Whether any job of the queue may go to this claimer, as far as is known. */
  admits(queue: WaitingQueue, claimer: Claimer): boolean;
  /**
   * `granted`: the job may go, and what it needs of the gate is taken. `full`: not for this claimer in this batch, neither
   * this job's owner nor, without a job, any of the queue. `lacking`: not known before the next {@link restock}; the
   * claimer waits for it.
   */
  take(queue: WaitingQueue, claimer: Claimer, job?: ClaimableJob): 'granted' | 'lacking' | 'full';
  /** The keys of the limits, or whatever it is, that now keep the queue, or some owners in it, from this claimer. */
  refusedBy(queue: WaitingQueue, claimer: Claimer): string[];
  /** A granted job proved to be gone: what it took of the gate is free again. */
  back(queue: WaitingQueue, claimer: Claimer, job?: ClaimableJob): void;
  /** Fetches what was lacking, in the transaction of the claim. False when nothing was. */
  restock(): Promise<boolean>;
}

/** Lets everything pass. */
export const openGate: Gate = {
  refusedOwners: () => null,
  admits: () => true,
  take: () => 'granted',
  refusedBy: () => [],
  back: () => undefined,
  restock: async () => false,
};
