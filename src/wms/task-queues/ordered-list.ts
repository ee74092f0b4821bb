const largestBlock = 256;

/** How far a reader of an {@link OrderedList} has found nothing for itself. */
export interface Bookmark<Place> {
  /** Everything before it is not for this reader; null: nothing is known. */
  from: Place | null;
  /** How many arrivals it has seen. */
  upTo: number;
}

/**
 * A sorted list, kept in blocks: a change among 50,000 items moves some hundred pointers. Readers look for the first item
 * that is for them. Each may keep a bookmark, so that it passes an item that is not for it once for each time that
 * the item has moved, and not once for each search. The order must be total, and the place of an item must not change
 * while it is in the list.
 */
export class OrderedList<Place, Item extends Place & object> {
  private readonly blocks: Item[][] = [];
  private arrivals: Item[] = [];
  /** Arrivals that are not remembered any more. */
  private dropped = 0;
  private count = 0;

  constructor(
    private readonly compare: (a: Place, b: Place) => number,
    private readonly placeOf: (item: Item) => Place,
  ) {}

  get size(): number {
    return this.count;
  }

  /** `arrives`: it may be for readers that have passed its place. An item that has only moved back is not. */
  add(item: Item, arrives: boolean): void {
    const at = this.blockAt(item);
    const block = this.blocks[at];
    this.count += 1;
    if (block === undefined) this.blocks.push([item]);
    else {
      block.splice(this.indexIn(block, item), 0, item);
      if (block.length > largestBlock) this.blocks.splice(at + 1, 0, block.splice(largestBlock / 2));
    }
    if (arrives) this.arrived(item);
  }

  /** Something about an item has changed, so that it may be for readers that have passed it. */
  arrived(item: Item): void {
    this.arrivals.push(item);
    if (this.arrivals.length < 1_000 + 2 * this.count) return;
    this.dropped += this.arrivals.length;
    this.arrivals = [];
  }

  delete(item: Item): void {
    const at = this.blockAt(item);
    const block = this.blocks[at];
    const index = block === undefined ? 0 : this.indexIn(block, item);
    if (block?.[index] !== item) throw new Error('An item was moved while it stood in an ordered list');
    block.splice(index, 1);
    this.count -= 1;
    if (block.length === 0) this.blocks.splice(at, 1);
  }

  /** The first item that is for this reader. What is not, must not become so but by arriving. */
  first(bookmark: Bookmark<Place>, isFor: (item: Item) => boolean): Item | undefined {
    const now = this.dropped + this.arrivals.length;
    if (bookmark.upTo < this.dropped) bookmark.from = null;
    for (let at = Math.max(bookmark.upTo, this.dropped); bookmark.from !== null && at < now; at += 1) {
      const item = this.arrivals[at - this.dropped];
      if (item !== undefined && this.compare(item, bookmark.from) < 0 && isFor(item))
        bookmark.from = this.placeOf(item);
    }
    bookmark.upTo = now;
    const found = this.from(bookmark.from, isFor);
    const passed = found ?? this.blocks.at(-1)?.at(-1);
    bookmark.from = passed === undefined ? null : this.placeOf(passed);
    return found;
  }

  /** The first item at or after a place (null: of all) that is for the caller. */
  from(place: Place | null, isFor: (item: Item) => boolean): Item | undefined {
    let at = place === null ? 0 : this.blockAt(place);
    const first = this.blocks[at];
    let index = place === null || first === undefined ? 0 : this.indexIn(first, place);
    for (let block = first; block !== undefined; block = this.blocks[at]) {
      for (; index < block.length; index += 1) {
        const item = block[index];
        if (item !== undefined && isFor(item)) return item;
      }
      at += 1;
      index = 0;
    }
    return undefined;
  }

  /** The first item after this one that is for the caller. */
  after(item: Item, isFor: (item: Item) => boolean): Item | undefined {
    return this.from(item, (other) => other !== item && isFor(other));
  }

  /** How many items stand before this place. */
  numberBefore(place: Place): number {
    const at = this.blockAt(place);
    const block = this.blocks[at];
    const blocks = this.blocks.slice(0, at);
    return blocks.reduce((sum, { length }) => sum + length, block === undefined ? 0 : this.indexIn(block, place));
  }

  /** All items, sorted again: their places may have changed. */
  sortAgain(change: (item: Item) => void): void {
    const items = this.blocks.flat();
    for (const item of items) change(item);
    items.sort(this.compare);
    this.blocks.length = 0;
    for (let at = 0; at < items.length; at += largestBlock / 2)
      this.blocks.push(items.slice(at, at + largestBlock / 2));
    this.dropped += this.arrivals.length + 1;
    this.arrivals = [];
  }

  /** The block in which a place is, or would be. */
  private blockAt(place: Place): number {
    let [low, high] = [0, this.blocks.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const last = this.blocks[middle]?.at(-1);
      if (last !== undefined && this.compare(last, place) < 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low);
  }

  /** How many items of a block stand before this place. */
  private indexIn(block: readonly Item[], place: Place): number {
    let [low, high] = [0, block.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = block[middle];
      if (item !== undefined && this.compare(item, place) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
