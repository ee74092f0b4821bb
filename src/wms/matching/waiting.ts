/** Somebody who waits for news until a deadline, a wake-up or the end of the connection. */
export class Waiting {
  private readonly sources: (() => void)[] = [];
  private news: (() => void) | null = null;
  private heard = false;

  /** `ends`: what ends the waiting, whichever comes first. */
  constructor(private readonly ends: readonly AbortSignal[]) {}

  /** Remembers how to stop listening to a source. */
  listensTo(stopListening: () => void): void {
    this.sources.push(stopListening);
  }

  /** There is news. News that come before anybody waits are not lost. */
  wake(): void {
    this.heard = true;
    this.news?.();
  }

  /** Settles at news, at the end, or after `milliseconds`; at once when there were news already. */
  async until(milliseconds: number): Promise<void> {
    if (this.heard || this.ends.some(({ aborted }) => aborted)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      const settle = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.news = settle;
      for (const end of this.ends) {
        end.addEventListener('abort', settle, { once: true });
        this.sources.push(() => end.removeEventListener('abort', settle));
      }
    });
  }

  /** Stops listening. */
  stop(): void {
    for (const stopListening of this.sources) stopListening();
  }
}
