import type { Offer } from '../../contract/index.js';
import type { Transaction } from '../../platform/index.js';

const largestKnown = 200_000;
const noteAgainAfter = 60_000;

/**
 * Which offers of pilots that got nothing are worth a note on their rows, so that any server can say later why: those that
 * changed in more than the time that is left, and any after a minute. Per server.
 */
export class LastOffers {
  private readonly noted = new Map<string, { lasting: string; at: number }>();

  /** The offer as it is to be noted now; null when the note that is there will do. `now` in milliseconds. */
  toNote(stamp: string, offer: Offer, now = performance.now()): string | null {
    const { cpu_work_left, wall_left, ...rest } = offer;
    const lasting = JSON.stringify(rest);
    const known = this.noted.get(stamp);
    if (known?.lasting === lasting && now - known.at < noteAgainAfter) return null;
    if (this.noted.size >= largestKnown) this.noted.clear();
    this.noted.set(stamp, { lasting, at: now });
    return JSON.stringify({ ...rest, cpu_work_left: Math.round(cpu_work_left), wall_left: Math.round(wall_left) });
  }
}

/** The time of a CASE grows with the square of its parts. */
const offersPerStatement = 50;

/** Writes that these pilots were here, and the offers that are to be noted. */
export async function noteCalls(tx: Transaction, calls: ReadonlyMap<string, string | null>): Promise<void> {
  const stamps = [...calls.keys()].toSorted();
  await tx.execute('UPDATE pilots SET last_contact = NOW(6) WHERE stamp IN (?)', [stamps]);
  const offers = [...calls].flatMap(([stamp, offer]) => (offer === null ? [] : [[stamp, offer]]));
  for (let start = 0; start < offers.length; start += offersPerStatement) {
    const part = offers.slice(start, start + offersPerStatement);
    await tx.execute(
      `UPDATE pilots SET last_offer_at = NOW(6), last_offer = CASE stamp ${part.map(() => 'WHEN ? THEN ?').join(' ')} END
       WHERE stamp IN (?)`,
      [...part.flat(), part.map(([stamp]) => stamp)],
    );
  }
}
