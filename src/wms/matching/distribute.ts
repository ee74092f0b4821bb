import type { TurnsWith } from '../task-queues/share-order.js';
import { chargeOf, type Use } from '../task-queues/share-keys.js';
import type { Claimer } from './claimer.js';
import { Filling } from './filling.js';
import { type Gate, openGate } from './gate.js';
import type { KeptPilots } from './kept-pilots.js';
import type { Stock } from './stock.js';

export { type Claimer, type Given, type Grant, grantOf } from './claimer.js';

/** Use of shares, and whose. */
export type PlannedUse = Use;

/** What jobs are given out of, and by which rules. */
export interface Market {
  stock: Stock;
  turnsWith: TurnsWith;
  gate?: Gate;
  /** Pilots that are kept free for jobs that have waited long; without it none is. */
  kept?: KeptPilots;
  /** Milliseconds of any clock that goes forward. */
  now: number;
}

/** More rounds than a batch ever needs; what is still missing then is found by the next claim. */
const largestRounds = 20;

/**
 * Fills claims that arrived together, in their order of arrival: each picks job by job in share order and packs into
 * what is left of its offer. Each round takes jobs that are known in memory, then fetches their rows and what else was
 * lacking; who is disappointed picks again. Returns the use that the claims add to the shares: it is planned in the
 * order of shares until the caller settles it there.
 */
export async function distribute(claimers: readonly Claimer[], market: Market): Promise<PlannedUse[]> {
  const { stock, turnsWith, gate = openGate, kept = null, now } = market;
  const { order } = stock.queues;
  order.begin(turnsWith, now);
  const fillings = claimers.map((claimer) => new Filling(claimer, { stock, gate, kept }));
  try {
    for (let round = 0; round < largestRounds; round += 1) {
      let waits = false;
      for (const filling of fillings) if (filling.fill() === 'waits') waits = true;
      const fetched = await stock.fetch();
      const restocked = await gate.restock();
      let disappointed = false;
      for (const filling of fillings) if (filling.confirm()) disappointed = true;
      if (!disappointed && !(waits && (restocked || fetched))) break;
    }
  } catch (error) {
    for (const filling of fillings) filling.undo();
    throw error;
  }
  for (const filling of fillings) filling.finish();
  return claimers.flatMap(({ given }) =>
    given.map(({ queue, processors }) => ({ entity: queue, used: chargeOf(queue.requirements, processors) })),
  );
}
