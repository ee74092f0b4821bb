import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type Offer, Refusal } from '../../contract/index.js';
import { Metrics, Shutdown, WakeUps } from '../../platform/index.js';
import { CallOut, type ClaimOutcome } from './call-out.js';
import { Cohorts } from './cohorts.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { Prospects } from './prospects.js';
import { WaitingCall } from './waiting-call.js';

/** Of the queues that would serve somebody who comes, so many are looked at. */
const mostSought = 32;
/** So many waiting pilots are matched anew in one turn of the event loop. */
const perTurn = 500;

/**
 * Where the calls of pilots wait. One listener for all of them hears of jobs and commands and calls those who are meant;
 * nobody who waits polls the database. What wake-ups lose is found again: jobs by the index of task queues (5 s), the rest by
 * `MissedNews`.
 */
@Injectable()
export class WaitingRoom implements OnModuleInit, OnModuleDestroy {
  /** In the order in which their rows were looked at, the longest ago first. */
  private readonly calls = new Set<WaitingCall>();
  private readonly byStamp = new Map<string, Set<WaitingCall>>();
  private readonly cohorts = new Cohorts<WaitingCall>();
  private readonly callOut: CallOut<WaitingCall>;
  private readonly count: (outcome: ClaimOutcome) => void;
  private stops: (() => void)[] = [];
  private matchingAnew: 'no' | 'yes' | 'once more' = 'no';

  constructor(
    private readonly prospects: Prospects,
    private readonly wakeUps: WakeUps,
    private readonly shutdown: Shutdown,
    metrics: Metrics,
  ) {
    this.callOut = new CallOut(
      this.cohorts,
      { find: (id) => prospects.queues.get(id), mayRun: (queue, place) => prospects.mayRun(queue, place) },
      () => performance.now(),
    );
    const help = 'Claims of waiting pilots that were called because jobs had come, by what they got';
    const called = metrics.counter('pilotage_called_claims_total', help, ['outcome']);
    this.count = (outcome) => called.inc({ outcome });
  }

  onModuleInit(): void {
    const offs = [
      this.prospects.onWaiting((queues) => this.callOut.news(queues)),
      this.prospects.onChange(() => this.matchAnew()),
      this.wakeUps.on('task-queue', (ids) => this.callOut.refreshed(ids.map(Number))),
      this.wakeUps.on('pilot', (stamps) => this.lookAt(stamps)),
    ];
    const stopping = (): void => this.endAll();
    this.shutdown.signal.addEventListener('abort', stopping, { once: true });
    this.stops = [...offs, () => this.shutdown.signal.removeEventListener('abort', stopping)];
  }

  onModuleDestroy(): void {
    for (const stop of this.stops) stop();
    this.endAll();
  }

  /** How many wait. */
  get size(): number {
    return this.calls.size;
  }

  /** A call that may wait comes in; from now on it hears of its commands. It must {@link leave}. */
  enter(stamp: string): WaitingCall {
    const call = new WaitingCall(stamp);
    this.calls.add(call);
    const ofPilot = this.byStamp.get(stamp) ?? new Set();
    this.byStamp.set(stamp, ofPilot.add(call));
    if (this.shutdown.hasBegun) call.end();
    return call;
  }

  leave(call: WaitingCall): void {
    this.cohorts.remove(call);
    this.settle(call, 'absent');
    this.calls.delete(call);
    const ofPilot = this.byStamp.get(call.stamp);
    if (ofPilot?.delete(call) === true && ofPilot.size === 0) this.byStamp.delete(call.stamp);
  }

  /** The call waits for jobs that fit its pilot; it stands last of its like. Throws the Refusal `wrong-conditions`. */
  awaitJobs(call: WaitingCall, pilot: PilotRow, offer: Offer): void {
    call.matched = { pilot, offer };
    const refusal = this.match(call);
    if (refusal !== null) throw refusal;
  }

  /** The pilot's row has just been looked at. */
  looked(call: WaitingCall): void {
    call.lookedAt = performance.now();
    if (this.calls.delete(call)) this.calls.add(call);
  }

  /** What became of the claim for which the call was called. */
  settle(call: WaitingCall, outcome: ClaimOutcome): void {
    if (call.settle(outcome)) this.count(outcome);
  }

  /**
   * Who comes looks for queues that would serve it and for whose jobs not enough are called yet: then the one is called that
   * has waited longest of those who do not rest, itself otherwise.
   */
  seek(call: WaitingCall): void {
    if (call.matched === null || call.isCalled) return;
    const { pilot, offer } = call.matched;
    for (const queue of this.prospects.fitting(pilot, offer, mostSought)) if (this.callOut.seek(queue, call)) return;
  }

  /** Jobs of these queues may be had again, e.g. because a limit has room: about one pilot per queue is called. */
  newsOf(queues: readonly number[]): void {
    this.callOut.refreshed(queues);
    this.callOut.news(queues.flatMap((id) => this.prospects.queues.get(id) ?? []));
  }

  /** Matches everybody anew, some hundred per turn of the event loop: places, statuses or limits have changed. */
  matchAnew(): void {
    this.callOut.allRefreshed();
    const begun = this.matchingAnew !== 'no';
    this.matchingAnew = begun ? 'once more' : 'yes';
    if (!begun) this.matchNext(this.calls.values());
  }

  /** The rows or commands of these pilots have changed. */
  lookAt(stamps: readonly (string | number)[]): void {
    for (const stamp of stamps) for (const call of this.byStamp.get(String(stamp)) ?? []) call.lookAgain();
  }

  /** Looks at the rows of the calls that were looked at longest ago, before this time (ms); so many at most. */
  lookAtOldest(before: number, most: number): void {
    let left = most;
    for (const call of this.calls) {
      if (call.lookedAt > before || left === 0) break;
      left -= 1;
      call.lookAgain();
      this.looked(call);
    }
    this.cohorts.tidy();
    this.callOut.tidy();
  }

  private matchNext(waiting: IterableIterator<WaitingCall>): void {
    setImmediate(() => {
      for (let done = 0; done < perTurn; done += 1) {
        const { value: call } = waiting.next() as { value: WaitingCall | undefined };
        if (call === undefined) {
          this.matchedAnew();
          return;
        }
        this.match(call);
      }
      this.matchNext(waiting);
    });
  }

  private matchedAnew(): void {
    const again = this.matchingAnew === 'once more';
    this.matchingAnew = 'no';
    if (again) this.matchAnew();
    else this.callOut.news([...this.prospects.queues.all()]);
  }

  private match(call: WaitingCall): Refusal | null {
    if (call.matched === null || call.isCalled) return null;
    const { pilot, offer } = call.matched;
    const standing = this.prospects.standing(pilot, offer);
    if (standing === null || standing instanceof Refusal) {
      this.cohorts.remove(call);
      return standing;
    }
    this.cohorts.add(call, standing);
    return null;
  }

  private endAll(): void {
    for (const call of this.calls) call.end();
  }
}
