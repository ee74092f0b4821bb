import { Controller } from '@nestjs/common';
import { Caller, type UserPrincipal } from '../../auth/index.js';
import { explain, type ParamsOf, type ReplyOf } from '../../contract/index.js';
import { Handles, Input } from '../../platform/index.js';
import { SearchTurns } from '../search/index.js';
import { ExplainJobs } from './explain-jobs.js';
import { ExplainPilots } from './explain-pilots.js';
import { ExplainTaskQueues } from './explain-task-queues.js';

/** Why jobs, task queues and pilots wait. Who asks takes turns with those who search. */
@Controller()
export class ExplainController {
  constructor(
    private readonly jobs: ExplainJobs,
    private readonly taskQueues: ExplainTaskQueues,
    private readonly pilots: ExplainPilots,
    private readonly turns: SearchTurns,
  ) {}

  @Handles(explain.job)
  job(
    @Caller() user: UserPrincipal,
    @Input(explain.job) { params }: { params: ParamsOf<typeof explain.job> },
  ): Promise<ReplyOf<typeof explain.job>> {
    return this.turns.take(user, () => this.jobs.explain(user, params.id));
  }

  @Handles(explain.taskQueue)
  taskQueue(
    @Caller() user: UserPrincipal,
    @Input(explain.taskQueue) { params }: { params: ParamsOf<typeof explain.taskQueue> },
  ): Promise<ReplyOf<typeof explain.taskQueue>> {
    return this.turns.take(user, () => this.taskQueues.explain(user, params.id));
  }

  @Handles(explain.pilot)
  pilot(
    @Caller() user: UserPrincipal,
    @Input(explain.pilot) { params }: { params: ParamsOf<typeof explain.pilot> },
  ): Promise<ReplyOf<typeof explain.pilot>> {
    return this.turns.take(user, () => this.pilots.explain(user, params.stamp));
  }
}
