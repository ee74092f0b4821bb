/** What a simulation knows of each of its jobs, in columns, because there are millions. Ids count from 1. */
export class JobTable {
  private submitted = new Float64Array(1_024);
  private kinds = new Uint32Array(1_024);
  private attempts = new Uint8Array(1_024);
  private known = 0;

  get size(): number {
    return this.known;
  }

  /** A new job of a kind; gives its id. */
  add(kind: number, at: number): number {
    this.known += 1;
    if (this.known >= this.kinds.length) this.grow();
    this.submitted[this.known] = at;
    this.kinds[this.known] = kind;
    return this.known;
  }

  submittedAt(job: number): number {
    return this.submitted[job] ?? 0;
  }

  kindOf(job: number): number {
    return this.kinds[job] ?? 0;
  }

  /** How many attempts the job has had, at most 255. */
  attemptsOf(job: number): number {
    return this.attempts[job] ?? 0;
  }

  /** Another attempt begins. */
  begin(job: number): void {
    this.attempts[job] = Math.min(255, this.attemptsOf(job) + 1);
  }

  private grow(): void {
    const size = this.kinds.length * 2;
    const { submitted, kinds, attempts } = this;
    this.submitted = new Float64Array(size);
    this.kinds = new Uint32Array(size);
    this.attempts = new Uint8Array(size);
    this.submitted.set(submitted);
    this.kinds.set(kinds);
    this.attempts.set(attempts);
  }
}
