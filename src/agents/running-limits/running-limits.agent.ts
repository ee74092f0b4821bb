import type { Configuration } from '../../configuration/index.js';
import type { Agent, AgentContext, AgentSummary } from '../agent.js';

/** Puts in order what limits on running jobs leave behind. Nothing here decides whether a job may begin. */
export class LimitKeeper implements Agent {
  readonly name = 'running-limits';
  readonly every = 30;
  readonly limit = 120;

  constructor(private readonly upkeep: { run(configuration: Configuration): Promise<AgentSummary> }) {}

  async run({ configuration }: AgentContext): Promise<AgentSummary> {
    return this.upkeep.run(configuration.document);
  }
}
