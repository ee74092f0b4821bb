/** How ids are read and made; both run in the caller's transaction. */
export interface IdStore {
  /** The ids that exist; `settled` says that the row is older than any transaction, so that it cannot vanish. */
  read(names: string[]): Promise<{ id: number; name: string; settled: number }[]>;
  create(names: string[]): Promise<void>;
}

/**
 * Ids of rows that are created once and never changed, found in bulk. Only settled ids are remembered: a row that a
 * transaction has just made may still be rolled back.
 */
export class CommittedIds {
  private readonly known = new Map<string, number>();

  constructor(private readonly largest = 10_000) {}

  /** The id of each name, made where it is missing. Names are made in order, so that two makers do not deadlock. */
  async find(names: readonly string[], store: IdStore): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const name of names) {
      const id = this.known.get(name);
      if (id !== undefined) found.set(name, id);
    }
    const missing = (): string[] => names.filter((name) => !found.has(name)).toSorted();
    if (missing().length > 0) await this.read(missing(), found, store);
    if (missing().length > 0) {
      await store.create(missing());
      await this.read(missing(), found, store);
    }
    return found;
  }

  private async read(names: string[], found: Map<string, number>, store: IdStore): Promise<void> {
    for (const { id, name, settled } of await store.read(names)) {
      found.set(name, id);
      if (Number(settled) === 1) this.remember(name, id);
    }
  }

  private remember(name: string, id: number): void {
    const [oldest] = this.known.keys();
    if (this.known.size >= this.largest && oldest !== undefined) this.known.delete(oldest);
    this.known.set(name, id);
  }
}
