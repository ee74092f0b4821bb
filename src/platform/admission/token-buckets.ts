/** A rate: so much a second in the long run, and so much at once after a pause. `perSecond` 0 is no limit. */
export interface Rate {
  perSecond: number;
  burst: number;
}

const sweepAt = 10_000;

/**
 * Token buckets of many callers, in this process. A bucket is kept as the time at which it will be full again; one that
 * is full is not kept at all.
 */
export class TokenBuckets {
  private readonly fullAt = new Map<string, number>();
  private sweepBeyond = sweepAt;

  /** `now`: seconds on a clock that never goes back. */
  constructor(private readonly now: () => number = () => performance.now() / 1_000) {}

  /** Takes `cost` out of a caller's bucket. Answers 0, or the seconds until there will be enough; then nothing was taken. */
  take(caller: string, { perSecond, burst }: Rate, cost = 1): number {
    if (perSecond === 0) return 0;
    const now = this.now();
    // What never fits goes through when the bucket is full.
    const next = Math.max(now, this.fullAt.get(caller) ?? 0) + Math.min(cost, burst) / perSecond;
    const wait = next - now - burst / perSecond;
    // Sums of fractions are a little off.
    if (wait > 1e-9) return wait;
    this.fullAt.set(caller, next);
    if (this.fullAt.size > this.sweepBeyond) this.sweep(now);
    return 0;
  }

  /** How many buckets are kept. */
  get size(): number {
    return this.fullAt.size;
  }

  private sweep(now: number): void {
    for (const [caller, fullAt] of this.fullAt) if (fullAt <= now) this.fullAt.delete(caller);
    // The price of a sweep stays small beside the takes before it.
    this.sweepBeyond = Math.max(sweepAt, this.fullAt.size * 2);
  }
}
