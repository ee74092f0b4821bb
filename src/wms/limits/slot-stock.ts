import type { Limit } from './limit.js';

/** One of the slots of a limit, locked by this transaction. */
export interface Slot {
  limit: Limit;
  limitId: number;
  number: number;
}

/** So many slots of a limit. */
export interface SlotOrder {
  limit: Limit;
  count: number;
}

/** Where slots come from. What it gives is locked; fewer than asked for when there are no more. */
export interface SlotSource {
  take(orders: readonly SlotOrder[]): Promise<Slot[][]>;
}

interface Shelf {
  limit: Limit;
  /** At hand. All slots of a limit are worth the same. */
  slots: Slot[];
  taken: Slot[];
  ordered: number;
  exhausted: boolean;
}

/** Slots that one batch of claims has locked, fetched in the rounds in which it fetches jobs. */
export class SlotStock {
  private readonly shelves = new Map<string, Shelf>();

  constructor(private readonly source: SlotSource) {}

  /** Whether a job could have a slot of each limit still, as far as is known. */
  mayHave(limits: readonly Limit[]): boolean {
    return limits.every(({ key, maximum }) => {
      const shelf = this.shelves.get(key);
      return maximum > 0 && (shelf === undefined || shelf.slots.length > 0 || !shelf.exhausted);
    });
  }

  /** Takes a slot of each of these limits. False when one of them has none at hand, and then none is taken. */
  take(limits: readonly Limit[]): boolean {
    const shelves = limits.map((limit) => this.shelfOf(limit));
    if (shelves.some(({ slots }) => slots.length === 0)) return false;
    for (const { slots, taken } of shelves) taken.push(...slots.splice(0, 1));
    return true;
  }

  /** A slot of each of these limits is not needed after all. */
  back(limits: readonly Limit[]): void {
    for (const limit of limits) {
      const { slots, taken } = this.shelfOf(limit);
      slots.push(...taken.splice(0, 1));
    }
  }

  /** Hands out a slot of each limit that was taken. */
  use(limits: readonly Limit[]): Slot[] {
    return limits.flatMap((limit) => this.shelfOf(limit).taken.splice(0, 1));
  }

  /** Asks for slots with the next {@link restock}, of those limits that have no more at hand than were asked for. */
  order(limits: readonly Limit[], count: number): void {
    for (const limit of limits) this.shelfOf(limit).ordered += count;
  }

  /** Fetches what was ordered, beyond what is at hand. False when there was nothing to fetch. */
  async restock(): Promise<boolean> {
    const wanting: Shelf[] = [];
    const orders: SlotOrder[] = [];
    for (const shelf of this.shelves.values()) {
      const count = shelf.ordered - shelf.slots.length;
      shelf.ordered = 0;
      if (count <= 0 || shelf.exhausted || shelf.limit.maximum === 0) continue;
      wanting.push(shelf);
      orders.push({ limit: shelf.limit, count });
    }
    if (orders.length === 0) return false;
    const fetched = await this.source.take(orders);
    for (const [index, shelf] of wanting.entries()) {
      const slots = fetched[index] ?? [];
      shelf.slots.push(...slots);
      if (slots.length < (orders[index]?.count ?? 0)) shelf.exhausted = true;
    }
    return true;
  }

  /** The limits that had no slot for all who asked. */
  exhausted(): Limit[] {
    return [...this.shelves.values()].flatMap(({ limit, slots, exhausted }) =>
      exhausted && slots.length === 0 ? [limit] : [],
    );
  }

  private shelfOf(limit: Limit): Shelf {
    const known = this.shelves.get(limit.key);
    if (known !== undefined) return known;
    const shelf = { limit, slots: [], taken: [], ordered: 0, exhausted: false };
    this.shelves.set(limit.key, shelf);
    return shelf;
  }
}
