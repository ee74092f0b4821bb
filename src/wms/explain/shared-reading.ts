interface Reading<T> {
  at: number;
  value: Promise<T>;
  /** What takes its place once it is there. */
  next: Promise<T> | null;
}

/** So many times as old as it should get, a reading still answers while the next one is under way. */
const patience = 6;

/**
 * A reading that many share: made once per key in so many milliseconds. Who comes a little later gets the old one, and the
 * next one is read meanwhile; who comes much later waits for it. One that failed is forgotten.
 */
export class SharedReading<T> {
  private readonly known = new Map<string, Reading<T>>();

  constructor(
    private readonly lasts: number,
    private readonly read: (key: string) => Promise<T>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  of(key: string): Promise<T> {
    const known = this.known.get(key);
    const age = known === undefined ? Infinity : this.now() - known.at;
    if (known === undefined || age >= this.lasts * patience) return this.begin(key, null);
    if (age >= this.lasts && known.next === null) void this.begin(key, known);
    return known.value;
  }

  private begin(key: string, before: Reading<T> | null): Promise<T> {
    const made: Reading<T> = { at: this.now(), value: this.read(key), next: null };
    if (before === null) this.known.set(key, made);
    else before.next = made.value;
    made.value.then(
      () => this.known.set(key, made),
      // Who waits for it hears of the failure; the next one reads again.
      () => {
        if (before !== null) before.next = null;
        else if (this.known.get(key) === made) this.known.delete(key);
      },
    );
    return made.value;
  }
}
