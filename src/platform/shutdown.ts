/** The end of a process, as those see it who wait for something: a long poll or an event stream ends at once. */
export class Shutdown {
  private readonly controller = new AbortController();

  /** Aborted when the process begins to stop. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  begin(): void {
    this.controller.abort();
  }
}
