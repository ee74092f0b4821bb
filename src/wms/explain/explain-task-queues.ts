import { Injectable } from '@nestjs/common';
import { isInScope, type UserPrincipal, visibleJobs } from '../../auth/index.js';
import { CurrentConfiguration } from '../../configuration/index.js';
import { Refusal, requirementNames, type TaskQueueExplanation } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import { type QueueDefinition, QueueDefinitions } from '../task-queues/queue-definitions.js';
import { readQueueFacts } from './job-facts.sql.js';
import { mayName } from './may-name.js';
import { counted } from './positions.js';
import { WaitingReasons } from './waiting-reasons.js';
import { asks } from './words.js';

/** Why the jobs of a task queue wait. */
@Injectable()
export class ExplainTaskQueues {
  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
    private readonly reasons: WaitingReasons,
  ) {}

  /** For who may see the jobs in it; to all others it is unknown. */
  async explain(user: UserPrincipal, id: number): Promise<TaskQueueExplanation> {
    const [queue] = await new QueueDefinitions(this.database).find([id]);
    if (queue === undefined || !this.maySee(user, queue))
      throw new Refusal('task-queue-not-found', `There is no task queue ${id}`);
    const { jobs, head } = await readQueueFacts(this.database, id);
    const facts = head === null ? null : await this.reasons.of({ queue, ...head }, mayName(user));
    const reasons = facts?.reasons ?? [{ code: 'empty', text: 'No job waits in it' }];
    const own = mayName(user) || queue.ownerSubject === user.subject;
    return {
      task_queue: id,
      vo: queue.vo,
      group: own ? queue.group : null,
      owner: own ? queue.owner : null,
      requirements: requirementNames.flatMap((requirement) => {
        const words = asks(queue.requirements, requirement);
        return words === null ? [] : [{ requirement, asks: words }];
      }),
      waiting_jobs: counted(jobs),
      summary: reasons[0]?.text ?? '',
      reasons,
      waiting: facts?.waiting ?? null,
    };
  }

  private maySee(user: UserPrincipal, { vo, group, ownerSubject }: QueueDefinition): boolean {
    const seeAll = this.configuration.get().document.vos[user.vo]?.see_all_jobs ?? false;
    return isInScope(visibleJobs(user, seeAll), { vo, owner_subject: ownerSubject, owner_group: group });
  }
}
