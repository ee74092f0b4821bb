import type { Database } from './database.js';

/**
 * Ids in blocks: the database is asked once per block, never per id, and never for MAX + 1.
 * Ids of a block that a crash loses are never used again.
 */
export class IdAllocator {
  private next = 0;
  private end = 0;
  private refill: Promise<void> | null = null;

  constructor(
    private readonly database: Database,
    private readonly sequence: string,
    private readonly block = 1_000,
  ) {}

  /** `count` ids, ascending. */
  async take(count: number): Promise<number[]> {
    const ids: number[] = [];
    while (ids.length < count) {
      if (this.next >= this.end) {
        this.refill ??= this.allocate(Math.max(this.block, count - ids.length)).finally(() => (this.refill = null));
        await this.refill;
      }
      while (ids.length < count && this.next < this.end) ids.push(this.next++);
    }
    return ids;
  }

  private async allocate(size: number): Promise<void> {
    const first = await this.database.transaction(async (tx) => {
      const rows = await tx.query<{ next_id: number }>('SELECT next_id FROM sequences WHERE name = ? FOR UPDATE', [
        this.sequence,
      ]);
      const current = rows[0]?.next_id;
      if (current === undefined) throw new Error(`There is no sequence ${this.sequence}`);
      await tx.execute('UPDATE sequences SET next_id = next_id + ? WHERE name = ?', [size, this.sequence]);
      return current;
    });
    this.next = first;
    this.end = first + size;
  }
}
