/** How ids are read and made; both run in the caller's transaction. */
export interface IdStore {
  /** The ids that exist; `settled` says that the row is older than any transaction, so that it cannot vanish. */
  read(names: string[]): Promise<{ id: number; name: string; settled: number }[]>;
  create(names: string[]): Promise<void>;
}

/**
 * Ids of rows that are created once and never changed, found in bulk. Only ids of committed rows are remembered: a row that
 * a transaction has just made may still be rolled back. A transaction that has made none here reads committed ones only.
 */
export class CommittedIds {
  private readonly known = new Map<string, number>();
  private readonly makers = new WeakSet<object>();

  constructor(private readonly largest = 10_000) {}

  /**
   * The id of each name, made where it is missing. Names are made in order, so that two makers do not deadlock. `tx`: the
   * transaction (READ COMMITTED) in which the store reads and makes.
   */
  async find(tx: object, names: readonly string[], store: IdStore): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const name of names) {
      const id = this.known.get(name);
      if (id !== undefined) found.set(name, id);
    }
    const missing = (): string[] => names.filter((name) => !found.has(name)).toSorted();
    if (missing().length > 0) await this.read(tx, missing(), found, store);
    if (missing().length > 0) {
      this.makers.add(tx);
      await store.create(missing());
      await this.read(tx, missing(), found, store);
    }
    return found;
  }

  private async read(tx: object, names: string[], found: Map<string, number>, store: IdStore): Promise<void> {
    for (const { id, name, settled } of await store.read(names)) {
      found.set(name, id);
      if (Number(settled) === 1 || !this.makers.has(tx)) this.remember(name, id);
    }
  }

  private remember(name: string, id: number): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= this.largest && oldest !== undefined) this.known.delete(oldest);
    this.known.set(name, id);
  }
}
