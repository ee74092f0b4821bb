import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { finalPilotStates, type Offer, Refusal } from '../../contract/index.js';
import type { Capability, Free } from '../task-queues/capability.js';
import { eligible } from '../task-queues/eligible.js';
import { TaskQueueIndex } from '../task-queues/task-queue-index.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import { RunningLimits } from '../limits/running-limits.js';
import { mayBegin, open, testJobType, type Verdict } from '../resource-status/resource-status.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import type { PilotRow } from './lock-pilots.sql.js';
import { freeOf, nodeOf, placeOf, queueOfPilot } from './pilot-place.js';

/** What a pilot offers, and what may begin there beside what fits. */
export interface Prospect {
  place: Capability;
  free: Free;
  /** What the status of its resources allows. Limits are asked when a job is taken. */
  admits: (queue: WaitingQueue) => boolean;
  /** Nothing may begin there. */
  closed: boolean;
}

/** What there is for a pilot: the task queues that its place fits, and what of the place is free. */
@Injectable()
export class Prospects {
  constructor(
    private readonly index: TaskQueueIndex,
    private readonly configuration: CurrentConfiguration,
    private readonly statuses: ResourceStatuses,
    readonly limits: RunningLimits,
  ) {}

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
    return { place: narrowed, free: freeOf(pilot, offer, queue), admits, closed };
  }

  /** Whether anything on the index could be given to the pilot now. */
  hasAny(pilot: PilotRow, offer: Offer): boolean {
    const prospect = this.of(pilot, offer);
    if (prospect instanceof Refusal || prospect.closed) return false;
    const owner = separates(pilot) ? null : pilot.bound_owner;
    const accept = (queue: WaitingQueue): boolean => prospect.admits(queue) && this.limits.mayRun(queue, pilot);
    return this.index.hasAny({ ...prospect, vo: pilot.vo, owner }, accept);
  }

  /** Whether one of these queues could. */
  hasAnyOf(queues: readonly WaitingQueue[], pilot: PilotRow, offer: Offer): boolean {
    const view = queueOfPilot(this.configuration.get().document, pilot);
    const place = placeOf(pilot, offer, view);
    if (place instanceof Refusal) return false;
    const free = freeOf(pilot, offer, view);
    const { verdict } = this.verdict(pilot);
    return queues.some(
      (queue) =>
        queue.vo === pilot.vo &&
        mayBegin(queue.requirements.jobType, verdict) &&
        serves(pilot, queue) &&
        eligible(queue.requirements, place, free) === null &&
        this.limits.mayRun(queue, pilot),
    );
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

  /** Of these queues too little is known now. */
  lookAhead(queues: readonly number[]): void {
    this.index.lookAhead(queues);
  }
}

/** Whether a pilot keeps payloads apart. One that cannot, or has not said that it can, serves one owner only. */
export function separates({ isolation }: Pick<PilotRow, 'isolation'>): boolean {
  return isolation !== null && isolation !== 'none';
}

/** Whether a pilot may run jobs of this queue's owner. The jobs of a JobSharing group are looked at one by one. */
function serves(pilot: PilotRow, { ownerSubject }: WaitingQueue): boolean {
  return ownerSubject === '' || separates(pilot) || pilot.bound_owner === null || pilot.bound_owner === ownerSubject;
}
