import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { Claimer } from './claimer.js';

/**
 * What stands between a job that fits and a pilot whose turn it serves, such as limits of running jobs. `distribute` asks
 * for each job before it is taken.
 */
export interface Gate {
  /**
   * `granted`: the job may go, and what it needs of the gate is taken. `full`: no job of this queue for this claimer in
   * this batch. `lacking`: not known before the next {@link restock}; the claimer waits for it.
   */
  take(queue: WaitingQueue, claimer: Claimer): 'granted' | 'lacking' | 'full';
  /** A granted job proved to be gone: what it took of the gate is free again. */
  back(queue: WaitingQueue, claimer: Claimer): void;
  /** Fetches what was lacking, in the transaction of the claim. False when nothing was. */
  restock(): Promise<boolean>;
}

/** Lets everything pass. */
export const openGate: Gate = {
  take: () => 'granted',
  back: () => undefined,
  restock: async () => false,
};
