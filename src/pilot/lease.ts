import { seconds } from './clock.js';

/** The lease of one attempt, by the own clock. */
export class Lease {
  private endsAt: number;
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

  /** Whether a payload must be stopped now, so that it is gone, with `graceSeconds` to end, before the lease is. */
  mustStop(graceSeconds: number): boolean {
    return this.left <= Math.min(graceSeconds + 10, this.length / 3);
  }
}
