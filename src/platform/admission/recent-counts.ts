const mostKept = 10_000;

interface Recent {
  count: number;
  countedAt: number;
}

/**
 * Counts that are good for a few seconds: what this process adds meanwhile is added here. Those who ask for the same count
 * at once share one. What other processes add, and what goes away, is seen with the next count.
 */
export class RecentCounts {
  private readonly recent = new Map<string, Promise<Recent>>();

  constructor(private readonly freshSeconds: number) {}

  /** Adds `more` to a count unless it would then exceed `limit`. Answers whether it did, and the count before. */
  async add(
    key: string,
    { more, limit }: { more: number; limit: number },
    countNow: () => Promise<number>,
  ): Promise<{ fits: boolean; count: number }> {
    const known = await this.find(key, countNow);
    const { count } = known;
    const fits = count + more <= limit;
    if (fits) known.count += more;
    return { fits, count };
  }

  private async find(key: string, countNow: () => Promise<number>): Promise<Recent> {
    const kept = this.recent.get(key);
    // A count that failed is made again by the next who asks; those who shared it are told.
    if (kept !== undefined) {
      const known = await kept;
      if (performance.now() - known.countedAt < this.freshSeconds * 1_000) return known;
      if (this.recent.get(key) === kept) this.recent.delete(key);
      return this.find(key, countNow);
    }
    if (this.recent.size >= mostKept) this.recent.clear();
    const countedAt = performance.now();
    const counting = countNow().then((count) => ({ count, countedAt }));
    this.recent.set(key, counting);
    counting.catch(() => this.recent.delete(key));
    return counting;
  }
}
