import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** Keeps the counters of jobs quick to read: folds what transactions have added since the last run. */
export class JobCountsFolder implements Agent {
  readonly name = 'job-counts';
  readonly every = 5;
  readonly limit = 120;

  constructor(private readonly counts: { fold(signal: AbortSignal): Promise<number> }) {}

  async run({ signal }: AgentContext): Promise<AgentSummary> {
    return { folded: await this.counts.fold(signal) };
  }
}
