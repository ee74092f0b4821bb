import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { finalPilotStates, type Offer, Refusal } from '../../contract/index.js';
import { type Capability, type Free, signatureOf } from '../task-queues/capability.js';
import { TaskQueueIndex } from '../task-queues/task-queue-index.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import { RunningLimits } from '../limits/running-limits.js';
import { mayBegin, open, testJobType, type Verdict } from '../resource-status/resource-status.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import type { Standing } from './cohorts.js';
import { KeptPilots } from './kept-pilots.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { freeOf, nodeOf, placeOf, queueOfPilot, wholeOf } from './pilot-place.js';

/** What a pilot offers, and what may begin there beside what fits. */
export interface Prospect {
  place: Capability;
  free: Free;
  /** What the place has when nothing runs there. */
  whole: Free;
  /** What the status of its resources allows. Limits are asked when a job is taken. */
  admits: (queue: WaitingQueue) => boolean;
  /** Nothing may begin there. */
  closed: boolean;
}

/** What there is for a pilot: the task queues that its place fits, and what of the place is free. */
@Injectable()
export class Prospects {
  /** Pilots that are kept free for jobs that have waited long: explain says so. */
  readonly kept: KeptPilots;

  constructor(
    private readonly index: TaskQueueIndex,
    private readonly configuration: CurrentConfiguration,
    private readonly statuses: ResourceStatuses,
    readonly limits: RunningLimits,
  ) {
    this.kept = new KeptPilots(
      () => {
        const { patience, keep_for } = configuration.get().document.matching;
        return { patience: patience === 0 ? Infinity : patience * 1_000, keepFor: keep_for * 1_000 };
      },
      () => this.queues.now(),
    );
  }

  /** The version of the configuration by which is decided now. */
  get version(): number {
    return this.configuration.get().version;
  }

  /** What may begin on a pilot by the status of its site, CE, host and of itself. */
  verdict(pilot: PilotRow): Verdict {
    if (!this.statuses.anySet) return open;
    const { vo, site, ce, stamp } = pilot;
    return this.statuses.verdict({ vo, site, ce, stamp, host: nodeOf(pilot).hostname ?? null });
  }

  /** The waiting task queues, from which claims take. */
  get queues(): WaitingQueues {
    return this.index.queues;
  }

  /**
   * What the pilot offers, and which task queues its resources' status admits beside; the Refusal `wrong-conditions` for
   * a senseless offer.
   */
  of(pilot: PilotRow, offer: Offer): Prospect | Refusal {
    const queue = queueOfPilot(this.configuration.get().document, pilot);
    const place = placeOf(pilot, offer, queue);
    if (place instanceof Refusal) return place;
    const { verdict } = this.verdict(pilot);
    const admits = (one: WaitingQueue): boolean => mayBegin(one.requirements.jobType, verdict);
    const narrowed = verdict === 'tests-only' ? { ...place, jobTypes: [testJobType] } : place;
    const closed = verdict === 'closed' || this.limits.isClosed(pilot.vo, pilot);
    const free = freeOf(pilot, offer, queue);
    return { place: narrowed, free, whole: wholeOf(free, queue), admits, closed };
  }

  /** Queues on the index that could give the pilot something now, in their order; so many at most. */
  fitting(pilot: PilotRow, offer: Offer, most: number): WaitingQueue[] {
    const prospect = this.of(pilot, offer);
    if (prospect instanceof Refusal || prospect.closed) return [];
    const owner = separates(pilot) ? null : pilot.bound_owner;
    const kept = this.kept.queueOf(pilot.stamp);
    const signature = this.queues.signature(prospect.place, prospect.free);
    const found: WaitingQueue[] = [];
    for (const queue of this.queues.inTurn(pilot.vo, signature, owner)) {
      if (kept !== undefined && kept !== queue.id) continue;
      if (prospect.admits(queue) && this.limits.mayRun(queue, pilot)) found.push(queue);
      if (found.length >= most) break;
    }
    return found;
  }

  /** By what a waiting pilot is called when jobs come; null when none may be given to it; as {@link of} for a senseless offer. */
  standing(pilot: PilotRow, offer: Offer): Standing | Refusal | null {
    const prospect = this.of(pilot, offer);
    if (prospect instanceof Refusal) return prospect;
    const { verdict } = this.verdict(pilot);
    if (verdict === 'closed') return null;
    const { place: capability, free } = prospect;
    const { vo, site, ce } = pilot;
    const owner = separates(pilot) ? null : pilot.bound_owner;
    const signature = signatureOf(capability);
    return { vo, site, ce, signature, capability, free, owner, testsOnly: verdict === 'tests-only' };
  }

  /** Whether limits may let a job of this queue run there, as far as is known here. */
  mayRun(queue: WaitingQueue, place: { site: string; ce: string }): boolean {
    return this.limits.mayRun(queue, place);
  }

  /** Why a pilot gets nothing at all, or null. */
  refuse(pilot: PilotRow | undefined): Refusal | null {
    if (pilot === undefined) return new Refusal('pilot-not-found');
    if (finalPilotStates.includes(pilot.status)) return new Refusal('pilot-ended', `The pilot is ${pilot.status}`);
    const demanded = this.configuration.get().document.vos[pilot.vo]?.demand_isolation ?? false;
    if (!demanded || separates(pilot)) return null;
    return new Refusal('forbidden', `${pilot.vo} takes only pilots that separate payloads from their secrets`);
  }

  /** Calls `listener` with queues in which jobs have become claimable, until the returned function is called. */
  onWaiting(listener: (queues: WaitingQueue[]) => void): () => void {
    return this.index.onWaiting(listener);
  }

  /** Calls `listener` when pilots may be matched otherwise than before, until the returned function is called. */
  onChange(listener: () => void): () => void {
    const offs = [this.configuration.onChange(listener), this.statuses.onChange(listener)];
    return () => offs.forEach((off) => off());
  }

  /** Of these queues too little is known now. */
  lookAhead(queues: readonly number[]): void {
    this.index.lookAhead(queues);
  }
}

/** Whether a pilot keeps payloads apart. One that cannot, or has not said that it can, serves one owner only. */
export function separates({ isolation }: Pick<PilotRow, 'isolation'>): boolean {
  return isolation !== null && isolation !== 'none';
}
