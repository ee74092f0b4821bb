/** A queue that pilots of one VO can be sent to, as far as demand is concerned. All numbers are cores. */
export interface Taker {
  key: string;
  /** Of pilots that wait there or run idle. */
  onOffer: number;
  /** That may still be sent there. */
  room: number;
}

/** Cores that the waiting jobs of one requirement class want, and who could run them. */
export interface ClassDemand {
  cores: number;
  takers: readonly string[];
}

/**
 * Shares each class's demand among the queues that could run it: first to pilots that are already on offer, so that no
 * second pilot is sent for the same job; the rest in proportion to the room that is left. Classes with the fewest
 * choices come first. Whole cores; the parts of a class never add up to more than its demand. Pure.
 */
export function shareDemand(takers: readonly Taker[], classes: readonly ClassDemand[]): Map<string, number> {
  const left = new Map(takers.map(({ key, onOffer, room }) => [key, { onOffer, room }]));
  const shares = new Map<string, number>();
  const give = (key: string, cores: number): void => void shares.set(key, (shares.get(key) ?? 0) + cores);
  for (const { cores, takers: keys } of classes.toSorted((a, b) => a.takers.length - b.takers.length)) {
    let wanted = cores;
    for (const key of keys) {
      const of = left.get(key);
      if (of === undefined) continue;
      const taken = Math.min(wanted, of.onOffer);
      of.onOffer -= taken;
      wanted -= taken;
      give(key, taken);
    }
    const rooms = keys.map((key) => ({ key, room: left.get(key)?.room ?? 0 }));
    for (const [key, part] of divide(wanted, rooms)) {
      const of = left.get(key);
      if (of !== undefined) of.room -= part;
      give(key, part);
    }
  }
  return shares;
}

/** Divides whole cores in proportion to room, never beyond it; largest remainders first, then by key. */
function divide(wanted: number, rooms: readonly { key: string; room: number }[]): [string, number][] {
  const total = rooms.reduce((sum, { room }) => sum + room, 0);
  if (wanted === 0 || total === 0) return [];
  const give = Math.min(wanted, total);
  const parts = rooms.map(({ key, room }) => {
    const exact = (give * room) / total;
    return { key, part: Math.floor(exact), remainder: exact - Math.floor(exact) };
  });
  let rest = give - parts.reduce((sum, { part }) => sum + part, 0);
  for (const one of parts.toSorted((a, b) => b.remainder - a.remainder || (a.key < b.key ? -1 : 1))) {
    if (rest === 0 || one.remainder === 0) break;
    one.part += 1;
    rest -= 1;
  }
  return parts.map(({ key, part }) => [key, part]);
}
