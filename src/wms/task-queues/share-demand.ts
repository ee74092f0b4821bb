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

/** Demand while it is shared among queues, class by class. Whole cores; nobody gets more than there is. Pure. */
export class DemandSharing {
  /** Cores wanted of each queue. */
  readonly shares = new Map<string, number>();
  private readonly free: Map<string, { onOffer: number; room: number }>;

  constructor(takers: readonly Taker[]) {
    this.free = new Map(takers.map(({ key, onOffer, room }) => [key, { onOffer, room }]));
  }

  /** What these queues could still take. */
  left(keys: readonly string[]): number {
    return keys.reduce((sum, key) => sum + (this.free.get(key)?.onOffer ?? 0) + (this.free.get(key)?.room ?? 0), 0);
  }

  /** Shares what one class wants: first to pilots on offer, the rest in proportion to the room that is left. */
  add({ cores, takers: keys }: ClassDemand): void {
    let wanted = cores;
    for (const key of keys) {
      const of = this.free.get(key);
      if (of === undefined) continue;
      const taken = Math.min(wanted, of.onOffer);
      of.onOffer -= taken;
      wanted -= taken;
      this.give(key, taken);
    }
    const rooms = keys.map((key) => ({ key, room: this.free.get(key)?.room ?? 0 }));
    for (const [key, part] of divide(wanted, rooms)) {
      const of = this.free.get(key);
      if (of !== undefined) of.room -= part;
      this.give(key, part);
    }
  }

  private give(key: string, cores: number): void {
    this.shares.set(key, (this.shares.get(key) ?? 0) + cores);
  }
}

/**
 * Shares each class's demand among the queues that could run it: first to pilots that are already on offer, so that no
 * second pilot is sent for the same job; the rest in proportion to the room that is left. Classes with the fewest
 * choices come first. Whole cores; the parts of a class never add up to more than its demand. Pure.
 */
export function shareDemand(takers: readonly Taker[], classes: readonly ClassDemand[]): Map<string, number> {
  const sharing = new DemandSharing(takers);
  for (const one of classes.toSorted((a, b) => a.takers.length - b.takers.length)) sharing.add(one);
  return sharing.shares;
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
