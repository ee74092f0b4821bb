import { Injectable } from '@nestjs/common';
import type { ShareStanding } from '../../contract/index.js';
import type { Place } from '../task-queues/queue-place.js';
import { TaskQueueIndex } from '../task-queues/task-queue-index.js';
import { competingEntities, fitsOneOf, queuesBefore } from './competitors.js';
import { mostQueues } from './job-facts.sql.js';
import { type Ahead, type Claimable, Positions } from './positions.js';
import { Standings } from './standings.js';

/** Who goes before a claimable job: by the shares, and among the jobs of its owner. */
@Injectable()
export class Precedence {
  constructor(
    private readonly index: TaskQueueIndex,
    private readonly positions: Positions,
    private readonly standings: Standings,
  ) {}

  /** Among those whose jobs could run at these places. `names`: whether other owners and groups may be named. */
  async of(job: Claimable, places: readonly Place[], names: boolean): Promise<{ ahead: Ahead; share: ShareStanding }> {
    const { queues } = this.index;
    // Nobody competes for what is nowhere.
    const anywhere = places.length > 0;
    const competes = fitsOneOf(queues, places);
    const competing = anywhere ? competingEntities(queues, job.queue.vo, competes) : [];
    const own = { queue: job.queue, head: { headPriority: job.priority, headJob: job.job }, most: mostQueues + 1 };
    const others = anywhere ? queuesBefore(queues, own, competes) : [];
    const [ahead, share] = await Promise.all([
      this.positions.ahead(job, others),
      this.standings.of(job.queue, competing, names),
    ]);
    return { ahead, share };
  }
}
