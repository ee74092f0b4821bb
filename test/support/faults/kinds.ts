import type { Work } from './work.js';
import type { FaultWorld } from './world.js';

/** Makes a fresh piece of work of one kind. */
export type WorkMaker = (world: FaultWorld) => Promise<Work>;

/** One kind of work, and where it has met its death so far. */
export class Kind {
  private readonly struck = new Map<number, string>();

  constructor(
    readonly name: string,
    readonly make: WorkMaker,
  ) {}

  /** What was about to happen, boundary by boundary; the last one is the reply. */
  get boundaries(): string[] {
    return [...this.struck].toSorted(([a], [b]) => a - b).map(([, what]) => what);
  }

  /** The next boundaries to die at, at most so many; none when all are known. */
  due(count: number): number[] {
    const last = [...this.struck].find(([, what]) => what === 'reply')?.[0] ?? Infinity;
    const due: number[] = [];
    for (let boundary = 0; boundary < last && due.length < count; boundary += 1) {
      if (!this.struck.has(boundary)) due.push(boundary);
    }
    return due;
  }

  stoodStill(boundary: number, what: string): void {
    this.struck.set(boundary, what);
    if (what === 'reply') for (const other of this.struck.keys()) if (other > boundary) this.struck.delete(other);
  }

  /** It was answered before it got to this boundary. Statements that run side by side may take fewer steps than before. */
  wasAnswered(boundary: number): void {
    if (!this.boundaries.includes('reply')) this.struck.delete(boundary - 1);
  }
}
