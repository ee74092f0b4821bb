import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { CurrentConfiguration } from '../configuration/index.js';
import { type Database, isDatabaseUnavailable, type Log, type Metrics, withLogFields } from '../platform/index.js';
import type { Agent, AgentSummary } from './agent.js';
import type { AgentRuns } from './agent-runs.js';

export interface RunnerParts {
  database: Database;
  runs: AgentRuns;
  configuration: Pick<CurrentConfiguration, 'get' | 'isLoaded'>;
  log: Log;
  record: RunRecorder;
  /** Factor on periods. */
  pace: number;
}

/** The lock under which an agent runs: whoever does its work out of turn takes it too. */
export function lockOf({ name }: Pick<Agent, 'name'>): string {
  return `agent:${name}`;
}

/** Notes one run. */
export type RunRecorder = (entry: { agent: string; outcome: 'ok' | 'failed'; seconds: number }) => void;

/** A recorder that feeds Prometheus. Make one per process. */
export function runRecorder(metrics: Metrics): RunRecorder {
  const duration = metrics.histogram('pilotage_agent_run_seconds', 'Runs of agents', ['agent', 'outcome']);
  const ended = metrics.gauge('pilotage_agent_last_run_timestamp_seconds', 'End of the last run', ['agent', 'outcome']);
  return ({ seconds, ...labels }) => {
    duration.observe(labels, seconds);
    ended.set(labels, Date.now() / 1000);
  };
}

/** `not-due`: it ran a moment ago; `elsewhere`: another process is at it. */
export type RunOutcome = 'ran' | 'failed' | 'not-due' | 'elsewhere';

/** Runs one agent: one run at a time in the installation, by a lock of the database. */
export class AgentRunner {
  /** Seconds from start to start. */
  readonly period: number;
  private readonly gap: number;
  private current: Promise<RunOutcome> = Promise.resolve('not-due');
  private following: Promise<RunOutcome> | null = null;
  private busy = false;
  private closing = false;
  private lastEnd = Number.NEGATIVE_INFINITY;
  private readonly stopping = new AbortController();

  constructor(
    readonly agent: Agent,
    private readonly parts: RunnerParts,
  ) {
    this.period = agent.every * parts.pace;
    this.gap = (agent.gap ?? 0) * parts.pace;
  }

  /** Runs the agent unless it started less than `after` seconds ago (nine tenths of its period, unless given). */
  async runIfDue(after = this.period * 0.9): Promise<RunOutcome> {
    if (this.busy || this.closing) return 'elsewhere';
    if ((await this.parts.runs.sinceLastStart(this.agent.name)) < after) return 'not-due';
    return this.busy || this.closing ? 'elsewhere' : this.begin(after, 0);
  }

  /** Runs the agent out of turn. Those who ask while it runs share the run that follows. */
  runNow(): Promise<RunOutcome> {
    this.following ??= this.afterCurrent();
    return this.following;
  }

  /** Takes no new work, and settles when the run in progress has ended; after `seconds` its signal is aborted. */
  async stop(seconds: number): Promise<void> {
    this.closing = true;
    const timer = setTimeout(() => this.stopping.abort(new Error('The process stops')), seconds * 1000);
    await this.current;
    clearTimeout(timer);
    this.stopping.abort(new Error('The process stops'));
  }

  private async afterCurrent(): Promise<RunOutcome> {
    await this.current;
    const rest = this.lastEnd + this.gap * 1000 - performance.now();
    if (rest > 0) await delay(rest);
    this.following = null;
    if (this.busy) return this.runNow();
    return this.closing ? 'elsewhere' : this.begin(0, this.agent.limit);
  }

  /** Never rejects: a run that fails is logged and noted, and the next one comes in its time. */
  private begin(after: number, waitSeconds: number): Promise<RunOutcome> {
    this.busy = true;
    this.current = this.locked(after, waitSeconds).finally(() => {
      this.busy = false;
      this.lastEnd = performance.now();
    });
    return this.current;
  }

  private async locked(after: number, waitSeconds: number): Promise<RunOutcome> {
    const { database, log } = this.parts;
    const { name } = this.agent;
    try {
      const outcome = await database.withLock(lockOf(this.agent), waitSeconds, async (lost) =>
        (await this.parts.runs.begin(name, after)) ? this.run(lost) : 'not-due',
      );
      return outcome ?? 'elsewhere';
    } catch (error) {
      if (isDatabaseUnavailable(error)) log.warn('An agent waits for the database', { agent: name, error });
      else log.error('An agent could not be run', { agent: name, error });
      return 'failed';
    }
  }

  private async run(lost: AbortSignal): Promise<RunOutcome> {
    const { name, limit } = this.agent;
    const { log, configuration, runs, record } = this.parts;
    if (!configuration.isLoaded) return 'not-due';
    const late = AbortSignal.timeout(limit * 1000);
    const start = performance.now();
    let error: unknown = null;
    let summary: AgentSummary = {};
    try {
      const context = {
        signal: AbortSignal.any([this.stopping.signal, late, lost]),
        log,
        configuration: configuration.get(),
      };
      summary = await withLogFields({ agent: name }, () => this.agent.run(context));
    } catch (caught) {
      error = caught;
    }
    const seconds = (performance.now() - start) / 1000;
    record({ agent: name, outcome: error === null ? 'ok' : 'failed', seconds });
    if (error !== null) log.error('A run of an agent failed', { agent: name, seconds, error });
    else if (Object.values(summary).some((number) => number !== 0))
      log.info('An agent ran', { agent: name, seconds, ...summary });
    await runs.end(
      name,
      seconds,
      error === null ? null : error instanceof Error ? error.message : JSON.stringify(error),
    );
    return error === null ? 'ran' : 'failed';
  }
}
