/**
 * The end of a server, as those see it who must know: from its beginning on, long polls and event streams end at once,
 * readiness is red, and every reply closes its connection. Requests are served until the last of them is answered.
 */
export class Shutdown {
  private readonly controller = new AbortController();

  /** Aborted when the process begins to stop. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get hasBegun(): boolean {
    return this.controller.signal.aborted;
  }

  begin(): void {
    this.controller.abort();
  }
}
