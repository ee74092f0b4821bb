import { Injectable } from '@nestjs/common';
import type { Ahead as Count, JobExplanation } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import { shareKeys } from '../task-queues/share-keys.js';
import { compareHeads, type Head } from '../task-queues/shares.js';
import { countBefore, mostCounted, mostQueues } from './job-facts.sql.js';

/** A job among those that can be claimed: its task queue, priority and id. */
export interface Claimable {
  queue: QueueDefinition;
  priority: number;
  job: number;
}

export type Ahead = NonNullable<JobExplanation['ahead']>;

/** How many jobs of the same owner go first. */
@Injectable()
export class Positions {
  constructor(private readonly database: Database) {}

  /**
   * In its task queue by the database; of the other task queues of the entity, those among the competing ones are counted
   * whose head goes first.
   */
  async ahead({ queue, priority, job }: Claimable, competing: Iterable<QueueDefinition & Head>): Promise<Ahead> {
    const [, , entity] = shareKeys(queue);
    const own = { headPriority: priority, headJob: job };
    const others: number[] = [];
    for (const other of competing) {
      if (other.id === queue.id || shareKeys(other)[2] !== entity || compareHeads(other, own) >= 0) continue;
      others.push(other.id);
    }
    const [inQueue, inEntity] = await Promise.all([
      countBefore(this.database, [queue.id], { priority, job }),
      countBefore(this.database, others.slice(0, mostQueues), { priority, job }),
    ]);
    return { in_task_queue: counted(inQueue), in_share_entity: counted(inEntity, others.length > mostQueues) };
  }
}

/** A count that stopped at its bound. */
export function counted(jobs: number, incomplete = false): Count {
  return { jobs: Math.min(jobs, mostCounted), at_least: incomplete || jobs > mostCounted };
}
