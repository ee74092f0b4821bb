/** A reading that many share: made once per key in so many milliseconds, unless it failed. */
export class SharedReading<T> {
  private readonly known = new Map<string, { at: number; value: Promise<T> }>();

  constructor(
    private readonly lasts: number,
    private readonly read: (key: string) => Promise<T>,
  ) {}

  /** What was read at most so long ago. */
  of(key: string): Promise<T> {
    const known = this.known.get(key);
    if (known !== undefined && performance.now() - known.at < this.lasts) return known.value;
    const made = { at: performance.now(), value: this.read(key) };
    this.known.set(key, made);
    // Who asked hears of the failure; the next one reads again.
    made.value.catch(() => {
      if (this.known.get(key) === made) this.known.delete(key);
    });
    return made.value;
  }
}
