import { Injectable } from '@nestjs/common';
import { mayReadPilot, type UserPrincipal } from '../../auth/index.js';
import { Offer, type PilotExplanation, Refusal } from '../../contract/index.js';
import { Database, toWire } from '../../platform/index.js';
import { separates } from '../matching/prospects.js';
import type { Place } from '../task-queues/queue-place.js';
import { TaskQueueIndex } from '../task-queues/task-queue-index.js';
import { holdAgainstQueues } from './against-queues.js';
import { readPilotFacts } from './pilot-facts.sql.js';
import { pilotReasons } from './pilot-reasons.js';
import { SurroundingsOfPilots } from './surroundings-of-pilots.js';

/** Why a pilot got nothing. */
@Injectable()
export class ExplainPilots {
  constructor(
    private readonly database: Database,
    private readonly surroundings: SurroundingsOfPilots,
    private readonly index: TaskQueueIndex,
  ) {}

  /** For users of its VO; to all others it is unknown. */
  async explain(user: UserPrincipal, stamp: string): Promise<PilotExplanation> {
    const pilot = await readPilotFacts(this.database, stamp);
    if (pilot === undefined || !mayReadPilot(user, pilot))
      throw new Refusal('pilot-not-found', `There is no pilot ${stamp}`);
    const offer = pilot.last_offer === null ? null : Offer.parse(JSON.parse(pilot.last_offer));
    const around = this.surroundings.of(pilot, offer);
    const taskQueues =
      around.place === null
        ? null
        : await holdAgainstQueues(this.index.queues.all(), around.place, {
            vo: pilot.vo,
            owner: separates(pilot) ? null : pilot.bound_owner,
            testsOnly: around.status?.verdict === 'tests-only',
          });
    const reasons = pilotReasons(pilot, around, taskQueues);
    const { status, site, ce, queue } = pilot;
    return {
      stamp,
      status,
      site,
      ce,
      queue,
      summary: reasons[0]?.text ?? '',
      reasons,
      offer: offer === null ? null : { ...offer },
      offered_at: toWire(pilot.last_offer_at),
      place: placeToShow(around.place),
      task_queues: taskQueues,
    };
  }
}

/** Numbers without bound are null. */
function placeToShow(place: Place | null): PilotExplanation['place'] {
  if (place === null) return null;
  const { capability, free } = place;
  const bounded = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return {
    platforms: capability.platforms === null ? null : [...capability.platforms],
    tags: capability.tags === null ? null : [...capability.tags],
    required_tags: [...capability.requiredTags],
    whole_node: capability.wholeNode,
    processors: free.processors,
    memory: free.memory,
    gpus: free.gpus,
    cpu_work_left: bounded(free.cpuWorkLeft),
    wall_left: bounded(free.wallLeft),
    idle: free.idle,
  };
}
