const step = Math.log(1.02);

/** Durations by logarithmic classes of 2 %, so that percentiles of millions need little memory. */
export class Histogram {
  private readonly classes: number[] = [];
  private counted = 0;
  private most = 0;

  add(seconds: number): void {
    const at = Math.floor(Math.log1p(seconds) / step);
    this.classes[at] = (this.classes[at] ?? 0) + 1;
    this.counted += 1;
    this.most = Math.max(this.most, seconds);
  }

  addAll(other: Histogram): void {
    for (const [at, count] of other.classes.entries()) {
      if (count !== undefined) this.classes[at] = (this.classes[at] ?? 0) + count;
    }
    this.counted += other.counted;
    this.most = Math.max(this.most, other.most);
  }

  /** Seconds below which this part of all lies, 2 % too much at most; null when there are none. */
  percentile(part: number): number | null {
    if (this.counted === 0) return null;
    let left = Math.ceil(part * this.counted);
    for (const [at, count] of this.classes.entries()) {
      left -= count ?? 0;
      if (left <= 0) return Math.min(this.most, Math.expm1((at + 1) * step));
    }
    return this.most;
  }

  get count(): number {
    return this.counted;
  }

  get largest(): number | null {
    return this.counted === 0 ? null : this.most;
  }
}
