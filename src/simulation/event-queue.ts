/** What happens at one moment. Times in seconds. */
export interface Timed<Event> {
  at: number;
  event: Event;
}

interface Entry<Event> extends Timed<Event> {
  order: number;
}

/** Events by time; of those at one time, the one that was added first. A binary heap. */
export class EventQueue<Event> {
  private readonly heap: Entry<Event>[] = [];
  private added = 0;

  get size(): number {
    return this.heap.length;
  }

  add(at: number, event: Event): void {
    const entry = { at, event, order: this.added };
    this.added += 1;
    let place = this.heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.heap[above];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.heap[place] = parent;
      place = above;
    }
    this.heap[place] = entry;
  }

  /** Takes the next event; undefined when there is none. */
  next(): Timed<Event> | undefined {
    const first = this.heap[0];
    const last = this.heap.pop();
    if (first !== undefined && last !== undefined && first !== last) this.sink(last);
    return first;
  }

  private sink(entry: Entry<Event>): void {
    const { heap } = this;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (one === undefined) break;
      const takesOther = other !== undefined && isBefore(other, one);
      const child = takesOther ? other : one;
      if (!isBefore(child, entry)) break;
      heap[place] = child;
      place = takesOther ? left + 1 : left;
    }
    heap[place] = entry;
  }
}

function isBefore<Event>(a: Entry<Event>, b: Entry<Event>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
