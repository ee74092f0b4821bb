/** Things that stay open for long: how many there are, in all and of each caller. */
export class Openings {
  private readonly byCaller = new Map<string, number>();
  private total = 0;

  /** How many are open. */
  get count(): number {
    return this.total;
  }

  /** How many of a caller are open. */
  of(caller: string): number {
    return this.byCaller.get(caller) ?? 0;
  }

  /** Counts one more until the returned function is called; calling it again changes nothing. */
  open(caller: string): () => void {
    this.total += 1;
    this.byCaller.set(caller, this.of(caller) + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      this.total -= 1;
      const left = this.of(caller) - 1;
      if (left === 0) this.byCaller.delete(caller);
      else this.byCaller.set(caller, left);
    };
  }
}
