import { Injectable } from '@nestjs/common';
import type { UserPrincipal } from '../../auth/index.js';
import { type Decision, type JobExplanation, Refusal } from '../../contract/index.js';
import { Database, toWire } from '../../platform/index.js';
import { JobSearch } from '../jobs/job-search.js';
import { QueueDefinitions } from '../task-queues/queue-definitions.js';
import { type AttemptFacts, type JobFacts, readJobFacts, readLatestAttempt } from './job-facts.sql.js';
import { stateReasons } from './job-reasons.js';
import { mayName } from './may-name.js';
import { WaitingReasons } from './waiting-reasons.js';

/** Why a job waits, or what else it does. */
@Injectable()
export class ExplainJobs {
  constructor(
    private readonly database: Database,
    private readonly search: JobSearch,
    private readonly reasons: WaitingReasons,
  ) {}

  /** For who may see the job; to all others it is unknown. */
  async explain(user: UserPrincipal, jobId: number): Promise<JobExplanation> {
    const job = await readJobFacts(this.database, jobId, this.search.visibleTo(user));
    if (job === undefined) throw new Refusal('job-not-found', `There is no job ${jobId}`);
    const attempt = await readLatestAttempt(this.database, jobId);
    const about = {
      job_id: jobId,
      status: job.status,
      minor_status: job.minor_status,
      task_queue: job.task_queue_id,
      decision: attempt === undefined ? null : decisionOf(attempt),
    };
    const waiting = await this.waiting(user, job);
    const reasons = waiting?.reasons ?? stateReasons(job, attempt);
    const summary = reasons[0]?.text ?? '';
    return { ...about, summary, reasons, waiting: waiting?.waiting ?? null, ahead: waiting?.ahead ?? null };
  }

  private async waiting(user: UserPrincipal, { waiting_in, user_priority, job_id }: JobFacts) {
    if (waiting_in === null) return null;
    const [queue] = await new QueueDefinitions(this.database).find([waiting_in]);
    if (queue === undefined) throw new Error(`Job ${job_id} waits in task queue ${waiting_in}, which does not exist`);
    return this.reasons.of({ queue, priority: user_priority, job: job_id }, mayName(user));
  }
}

function decisionOf(attempt: AttemptFacts): Decision {
  const { turn_vo: vo, turn_group: group, turn_owner: owner } = attempt;
  return {
    attempt: attempt.attempt,
    claimed_at: toWire(attempt.claimed_at),
    pilot_stamp: attempt.pilot_stamp,
    configuration_version: attempt.configuration_version,
    task_queue: attempt.task_queue_id,
    turns: vo === null || group === null || owner === null ? null : { vo, group, owner },
  };
}
