/** What a node has, or what a job holds of it: cores, MB, GPUs. */
export interface Resources {
  processors: number;
  memory: number;
  gpus: number;
}

/** What a job asks for. `processors` and `maxProcessors` count only for multi-processor jobs. */
export interface CoreRequest {
  multiProcessor: boolean;
  wholeNode?: boolean;
  processors?: number;
  maxProcessors?: number;
}

/**
 * The cores to give to a job out of `free` of `total`; 0 refuses it. The rule of DIRAC's pool: single-core jobs get one;
 * a whole-node job gets all, only when nothing else runs; others get what they ask for, up to their maximum.
 */
export function coresFor(request: CoreRequest, free: number, total: number): number {
  if (!request.multiProcessor) return free >= 1 ? 1 : 0;
  if (request.wholeNode === true) return free === total ? total : 0;
  const least = request.processors ?? 1;
  if (least > free) return 0;
  return request.maxProcessors === undefined ? least : Math.min(request.maxProcessors, free);
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
