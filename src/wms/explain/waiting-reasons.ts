import { Injectable } from '@nestjs/common';
import type { Fit, Reason, Waiting } from '../../contract/index.js';
import { mainPlaces } from './competitors.js';
import { estimateOf, unknown } from './estimate.js';
import { fitOf } from './fit.js';
import { waitingReasons } from './job-reasons.js';
import { KnownResources, type Known, placeKey } from './known-resources.js';
import { LimitsInForce } from './limits-in-force.js';
import type { Ahead, Claimable } from './positions.js';
import { Precedence } from './precedence.js';
import { RecentClaims } from './recent-claims.js';

/** Why a claimable job waits. */
export interface WaitingFacts {
  waiting: Waiting;
  ahead: Ahead;
  reasons: Reason[];
}

/** What keeps a claimable job waiting: places, shares, limits, position. */
@Injectable()
export class WaitingReasons {
  constructor(
    private readonly resources: KnownResources,
    private readonly precedence: Precedence,
    private readonly claims: RecentClaims,
    private readonly limits: LimitsInForce,
  ) {}

  /** `names`: whether other owners and groups may be named. */
  async of(job: Claimable, names: boolean): Promise<WaitingFacts> {
    const { queue } = job;
    const [known, seen] = await Promise.all([
      this.resources.of(queue.vo, queue.ownerSubject),
      this.claims.of(queue.id, queue),
    ]);
    const { fit, fitting } = fitOf(queue.requirements, [...known.queues, ...known.pilots], known.bound);
    const places = mainPlaces(fitting, queue.requirements.jobType);
    const { ahead, share } = await this.precedence.of(job, places, names);
    const supply = supplyOf(fit, known);
    const limits = await this.limits.of(queue, fit.places);
    const reasons = waitingReasons({ fit, share, supply, limits }, ahead);
    const pace = { ...seen, aheadInQueue: ahead.in_task_queue.jobs, aheadInEntity: ahead.in_share_entity.jobs };
    const nowhere = reasons.find(({ code }) => ['no-resources', 'nothing-fits', 'closed'].includes(code));
    const estimate = nowhere === undefined ? estimateOf(pace) : unknown('there is no place for it now');
    return { waiting: { fit, share, supply, limits, estimate }, ahead, reasons };
  }
}

function supplyOf(fit: Fit, { coming }: Known): Waiting['supply'] {
  const open = fit.places.filter(({ verdict }) => verdict === 'open');
  const pilots_coming = open.reduce((sum, place) => sum + (coming.get(placeKey(place)) ?? 0), 0);
  return { pilots_coming, pilots_running: fit.fitting.pilots - fit.closed.pilots };
}
