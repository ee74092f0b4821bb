import type { Configuration } from '../configuration/index.js';
import type { Log } from '../platform/index.js';

/** What a run of an agent gets. */
export interface AgentContext {
  /** Aborted when the run has taken too long or the process stops. Long work looks at it. */
  signal: AbortSignal;
  log: Log;
  /** The configuration in force when the run began. */
  configuration: { version: number; document: Configuration };
}

/** What a run did, as numbers: `{ submitted: 3 }`. A run whose numbers are all zero did nothing. */
export type AgentSummary = Record<string, number>;

/**
 * Work that comes again and again. The runtime brings the schedule, the lock (one run at a time in the whole
 * installation), timing, metrics, the row in `agent_runs` and the stop. What a run has to remember stands in the database.
 */
export interface Agent {
  /** Unique; the name of its lock, its row and its metrics. */
  readonly name: string;
  /** Seconds from the start of one run to the start of the next, before the pace is applied. */
  readonly every: number;
  /** Seconds after which the signal of a run is aborted. */
  readonly limit: number;
  /** Least seconds between two runs that were asked for out of turn, before the pace is applied; none when absent. */
  readonly gap?: number;
  run(context: AgentContext): Promise<AgentSummary>;
}

/** The topics of the outbox. */
export type Topic = 'check-jobs' | 'demand' | 'seal-log' | 'stop-pilots';

/**
 * What is done for a message of the outbox, in whichever agents process takes it. It may be called again for the same
 * message, also at the same time, and throws when the message must come again.
 */
export interface Task {
  readonly topic: Topic;
  /** Messages of the topic that a process handles at one time. */
  readonly parallel: number;
  handle(payload: Record<string, unknown>, context: { signal: AbortSignal; log: Log }): Promise<void>;
}
