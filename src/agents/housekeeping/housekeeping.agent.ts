import type { Agent, AgentContext, AgentSummary } from '../agent.js';
import { type HousekeepingParts, type StepContext, type StepName, stepNames, steps } from './retention-steps.js';

/** Makes time partitions ahead of time and removes what its retention no longer covers. */
export class Housekeeping implements Agent {
  readonly name = 'housekeeping';
  readonly every = 600;
  readonly limit = 900;

  constructor(private readonly parts: HousekeepingParts) {}

  run(context: AgentContext): Promise<AgentSummary> {
    return this.runSteps(stepNames, context);
  }

  /** Runs some of the steps. One that fails keeps none of the others from running; what failed is thrown at the end. */
  async runSteps(names: readonly StepName[], context: StepContext): Promise<AgentSummary> {
    const summary: AgentSummary = {};
    const failures: Error[] = [];
    for (const name of stepNames.filter((step) => names.includes(step))) {
      context.signal.throwIfAborted();
      try {
        Object.assign(summary, await steps[name](this.parts, context));
      } catch (error) {
        context.signal.throwIfAborted();
        context.log.error('A step of housekeeping failed', { step: name, error });
        failures.push(
          new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error }),
        );
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(({ message }) => message).join('; '));
    return summary;
  }
}
