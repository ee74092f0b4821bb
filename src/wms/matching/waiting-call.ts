import type { Offer } from '../../contract/index.js';
import type { Callable, ClaimOutcome, Ticket } from './call-out.js';
import type { PilotRow } from './lock-pilots.sql.js';

/**
 * What a waiting call hears: `jobs`, it shall make a claim and {@link WaitingCall.settle} it; `row`, its pilot's row or
 * commands shall be looked at; `end`, its time is over, its client has gone or the server stops.
 */
export type News = 'jobs' | 'row' | 'end';

/** One call of a pilot that waits. News that come before it listens are not lost. */
export class WaitingCall implements Callable {
  /** When its pilot's row was last looked at, on the monotonic clock (ms). */
  lookedAt = performance.now();
  /** The pilot as it was then, and what it offers: by these it is matched. Null while it takes no jobs. */
  matched: { pilot: PilotRow; offer: Offer } | null = null;
  private ticket: Ticket | null = null;
  private stale = false;
  private over = false;
  private tell: ((news: News) => void) | null = null;

  constructor(readonly stamp: string) {}

  /** Jobs wait that would fit. */
  call(ticket: Ticket): void {
    this.ticket = ticket;
    this.tell?.('jobs');
  }

  /** The row or the commands of the pilot have changed, or were not looked at for long. */
  lookAgain(): void {
    this.stale = true;
    this.tell?.('row');
  }

  /** Nobody waits for the answer any more, or it must be given now. */
  end(): void {
    this.over = true;
    this.tell?.('end');
  }

  /** It must be answered with what there is now. */
  get isOver(): boolean {
    return this.over;
  }

  /** The next news; `end` after so many milliseconds. */
  async news(milliseconds: number): Promise<News> {
    const before = this.heard();
    if (before !== null) return before;
    const news = await new Promise<News>((resolve) => {
      const timer = setTimeout(resolve, milliseconds, 'end');
      this.tell = (heard) => {
        clearTimeout(timer);
        resolve(heard);
      };
    });
    this.tell = null;
    // More may have come before this call had its turn.
    return this.heard() ?? news;
  }

  /** It has been called and has not settled that. */
  get isCalled(): boolean {
    return this.ticket !== null;
  }

  /** What became of the claim for which it was called; false if it was not. */
  settle(outcome: ClaimOutcome): boolean {
    const { ticket } = this;
    this.ticket = null;
    ticket?.(outcome);
    return ticket !== null;
  }

  private heard(): News | null {
    if (this.over) return 'end';
    if (this.stale) {
      this.stale = false;
      return 'row';
    }
    return this.ticket === null ? null : 'jobs';
  }
}
