import { seconds } from './clock.js';

/** The lease of one attempt, by the own clock. */
export class Lease {
  private endsAt: number;
  /** Seconds from a renewal to the end. */
  private length: number;

  /** `from` is when the lease can have begun at the latest; its grant may be read much later, by a node that slept. */
  constructor(leaseSeconds: number, from: number) {
    this.length = leaseSeconds;
    this.endsAt = from + leaseSeconds;
  }

  /** `from` is when the renewal was *asked for*: the server's count starts later, never earlier. */
  renew(leaseSeconds: number, from: number): void {
    this.length = leaseSeconds;
    this.endsAt = Math.max(this.endsAt, from + leaseSeconds);
  }

  get left(): number {
    return this.endsAt - seconds();
  }

  /** Seconds between two heartbeats that leave room for some to be lost. */
  get beatSeconds(): number {
    return this.length / 4;
  }

  /**
   * When, by {@link seconds}, the guard kills a payload that a hung pilot did not stop: later than the pilot would, and
   * early enough that the payload is gone before the lease is.
   */
  get deadline(): number {
    return this.endsAt - Math.min(5, this.length / 6);
  }

  /** Seconds that a payload stopped now may take to end by itself. */
  graceSeconds(wanted: number): number {
    return Math.max(0, Math.min(wanted, this.deadline - seconds() - 0.5));
  }

  /** Whether a payload must be stopped now, so that it is gone, with `graceSeconds` to end, before the lease is. */
  mustStop(graceSeconds: number): boolean {
    return this.left <= Math.min(graceSeconds + 10, this.length / 3);
  }
}
