/** What a node has, or what a job holds of it: cores, MB, GPUs. */
export interface Resources {
  processors: number;
  memory: number;
  gpus: number;
}

/** Cores, memory and GPUs of the pilot's slot, and who holds how much. It never gives out more than there is. */
export class Pool {
  private readonly held = new Map<string, Resources>();
  private readonly gpusInUse = new Map<string, number[]>();

  constructor(readonly total: Resources) {}

  /** What nobody holds. */
  get free(): Resources {
    const left = { ...this.total };
    for (const taken of this.held.values()) {
      left.processors -= taken.processors;
      left.memory -= taken.memory;
      left.gpus -= taken.gpus;
    }
    return left;
  }

  get running(): number {
    return this.held.size;
  }

  get idle(): boolean {
    return this.held.size === 0;
  }

  /** Takes resources for a job; undefined when they do not fit. Gives the numbers of the GPUs that are its own. */
  take(holder: string, wanted: Resources): { gpus: number[] } | undefined {
    const { processors, memory, gpus } = this.free;
    if (wanted.processors > processors || wanted.memory > memory || wanted.gpus > gpus) return undefined;
    const busy = new Set([...this.gpusInUse.values()].flat());
    const own = Array.from({ length: this.total.gpus }, (_, index) => index).filter((index) => !busy.has(index));
    this.held.set(holder, wanted);
    this.gpusInUse.set(holder, own.slice(0, wanted.gpus));
    return { gpus: own.slice(0, wanted.gpus) };
  }

  release(holder: string): void {
    this.held.delete(holder);
    this.gpusInUse.delete(holder);
  }
}
