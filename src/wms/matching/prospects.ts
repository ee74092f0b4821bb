import { Injectable } from '@nestjs/common';
import { type BlackHoleRules, CurrentConfiguration } from '../../configuration/index.js';
import { finalPilotStates, type Offer, Refusal } from '../../contract/index.js';
import { Brake } from '../black-holes/brake.js';
import type { Place } from '../black-holes/evidence.js';
import { type Capability, type Free, signatureOf } from '../task-queues/capability.js';
import { TaskQueueIndex } from '../task-queues/task-queue-index.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import { RunningLimits } from '../limits/running-limits.js';
import {
  isOnProbation,
  mayBegin,
  open,
  resourcesOf,
  testJobType,
  type Verdict,
} from '../resource-status/resource-status.js';
import type { ResourceStatuses } from '../resource-status/resource-statuses.js';
import type { Avoids } from './claimer.js';
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
  /** Jobs that others shall have, because they were lost there a moment ago. */
  avoids?: Avoids;
}

/** What there is for a pilot: the task queues that its place fits, and what of the place is free. */
@Injectable()
export class Prospects {
  /** Pilots that are kept free for jobs that have waited long: explain says so. */
  readonly kept: KeptPilots;
  private readonly statuses: ResourceStatuses;

  constructor(
    private readonly index: TaskQueueIndex,
    private readonly configuration: CurrentConfiguration,
    readonly limits: RunningLimits,
    private readonly brake: Brake,
  ) {
    this.statuses = brake.statuses;
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

  /** Of how many claims the decision of one is kept; 0: of none. */
  get sampleOneIn(): number {
    return this.configuration.get().document.decisions.sample_one_in;
  }

  /** What may begin on a pilot by the status of its site, CE, host and of itself, and by what it has just lost. */
  verdict(pilot: Pick<PilotRow, 'vo' | 'site' | 'ce' | 'stamp' | 'node'>): Verdict {
    if (!this.statuses.anySet && this.brake.isIdle) return open;
    const { vo, site, ce, stamp } = pilot;
    const host = nodeOf(pilot).hostname;
    const verdict = this.statuses.verdict({ vo, site, ce, stamp, host });
    const { because } = verdict;
    // What is closed is closed, and what is on probation has been judged.
    if (verdict.verdict === 'closed' || (because !== null && isOnProbation(because))) return verdict;
    const braked = this.brake.on(stamp, site, host);
    return braked === null ? verdict : { verdict: 'closed', because: braked };
  }

  /** The places of a pilot that are on probation: they may hold a few jobs only. */
  onProbation(pilot: PilotRow): Place[] {
    if (!this.statuses.anySet) return [];
    const { site, ce, stamp } = pilot;
    return resourcesOf({ vo: '', site, ce, stamp, host: nodeOf(pilot).hostname ?? null }).flatMap(({ kind, name }) => {
      const status = this.statuses.of(kind, name, pilot.vo);
      return status !== null && kind !== 'storage' && isOnProbation(status) ? [{ level: kind, name: status.name }] : [];
    });
  }

  /** Jobs were given to these hosts. */
  gaveTo(takes: readonly { site: string; host: string | null }[]): void {
    this.brake.uses(takes);
  }

  /** How many jobs a CE or site on probation may hold, and for how long one counts. */
  get probeRules(): BlackHoleRules {
    return this.configuration.get().document.black_holes;
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
    const avoids = this.brake.isIdle
      ? undefined
      : this.brake.avoidedBy(pilot.stamp, pilot.site, nodeOf(pilot).hostname);
    const closed = verdict === 'closed' || this.limits.isClosed(pilot.vo, pilot);
    const free = freeOf(pilot, offer, queue);
    const prospect = { place: narrowed, free, whole: wholeOf(free, queue), admits, closed };
    return avoids === undefined ? prospect : { ...prospect, avoids };
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
