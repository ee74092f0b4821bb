/** Thrown to one caller of a lane whose item is at fault, while its neighbours go through. */
export type BatchOutcome<Result> = { ok: Result } | { error: unknown };

export interface BatchLaneOptions {
  /** Most items of a batch. */
  largest: number;
  /** Most batches that are written at the same time (1). */
  lanes?: number;
  /** While a batch is being written, another one begins only when so many items wait (1): large batches cost less. */
  crowd?: number;
  /** Milliseconds that a batch waits for more items; without, only for those of the same turn of the event loop. */
  gather?: number;
}

/**
 * Shared commits: what arrives while the last batch is being written becomes the next batch. No timer, unless asked for, so an idle
 * lane answers at once and a busy one grows its batches by itself.
 *
 * `write` gets the items of a batch in order of arrival and answers one outcome per item. If it throws and the batch
 * holds several items, the batch is split in halves, so that one bad item never fails its neighbours.
 */
export class BatchLane<Item, Result> {
  private waiting: { item: Item; settle: (outcome: BatchOutcome<Result>) => void }[] = [];
  private running = 0;

  constructor(
    private readonly write: (items: Item[]) => Promise<BatchOutcome<Result>[]>,
    private readonly options: BatchLaneOptions,
  ) {}

  /** Hands an item in; settles after the commit of its batch. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      const settle = (outcome: BatchOutcome<Result>): void =>
        'ok' in outcome ? resolve(outcome.ok) : reject(outcome.error);
      this.waiting.push({ item, settle });
      this.start();
    });
  }

  private start(): void {
    if (this.running >= (this.options.lanes ?? 1) || this.waiting.length === 0) return;
    if (this.running > 0 && this.waiting.length < (this.options.crowd ?? 1)) return;
    this.running += 1;
    // Requests that were read from sockets in the same turn of the event loop still join this batch.
    const begin = (): void => {
      const batch = this.waiting.splice(0, this.options.largest);
      void this.run(batch).finally(() => {
        this.running -= 1;
        this.start();
      });
    };
    if (this.options.gather === undefined) setImmediate(begin);
    else setTimeout(begin, this.options.gather).unref();
  }

  private async run(batch: { item: Item; settle: (outcome: BatchOutcome<Result>) => void }[]): Promise<void> {
    if (batch.length === 0) return;
    try {
      const outcomes = await this.write(batch.map(({ item }) => item));
      batch.forEach(({ settle }, index) =>
        settle(outcomes[index] ?? { error: new Error('The batch gave no outcome for an item') }),
      );
    } catch (error) {
      if (batch.length === 1) {
        batch[0]?.settle({ error });
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.run(batch.slice(0, half));
      await this.run(batch.slice(half));
    }
  }
}
