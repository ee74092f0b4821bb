import { z } from 'zod';
import type { Agent, AgentContext, AgentSummary, Task } from '../agent.js';

/** What is needed of the checking stage. Both may be repeated. */
export interface CheckJobsView {
  run(jobIds: readonly number[]): Promise<void>;
  /** Jobs that have been in Checking for too long. */
  overdue(vos: readonly string[], limit?: number): Promise<number[]>;
}

const Payload = z.object({ job_ids: z.array(z.number()) });

/** Checks jobs that need an outside service. */
export class CheckJobsTask implements Task {
  readonly topic = 'check-jobs';
  readonly parallel = 4;

  constructor(private readonly checks: Pick<CheckJobsView, 'run'>) {}

  async handle(payload: Record<string, unknown>): Promise<void> {
    await this.checks.run(Payload.parse(payload).job_ids);
  }
}

/** Takes up jobs again whose check failed for want of the service, or was lost. */
export class OverdueChecks implements Agent {
  readonly name = 'overdue-checks';
  readonly every = 60;
  readonly limit = 300;

  constructor(private readonly checks: CheckJobsView) {}

  async run({ configuration }: AgentContext): Promise<AgentSummary> {
    const overdue = await this.checks.overdue(Object.keys(configuration.document.vos));
    if (overdue.length > 0) await this.checks.run(overdue);
    return { overdue: overdue.length };
  }
}
