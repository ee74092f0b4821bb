import { Injectable } from '@nestjs/common';
import type { Ahead as Count, JobExplanation } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
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

  /** In its task queue, and in those other task queues of its entity of which it is known that their heads go first. */
  async ahead({ queue, priority, job }: Claimable, others: readonly number[]): Promise<Ahead> {
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
