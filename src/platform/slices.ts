import { setImmediate } from 'node:timers/promises';

/** Milliseconds that long work may hold the event loop at a stretch; heartbeats wait for no longer. */
const longest = 10;

/** Long work cut into slices, so that other requests have their turn in between: `if (slices.isOver) await slices.next()`. */
export class Slices {
  private began = performance.now();

  /** Whether this slice has lasted long enough. Asked between two pieces of the work. */
  get isOver(): boolean {
    return performance.now() - this.began >= longest;
  }

  /** Lets the others have their turn. */
  async next(): Promise<void> {
    await setImmediate();
    this.began = performance.now();
  }
}
