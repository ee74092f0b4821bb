import { hostname } from 'node:os';
import type { CurrentConfiguration } from '../configuration/index.js';
import { type Database, type Log, type Metrics, openRedis, type WakeUps } from '../platform/index.js';
import type { Agent, Task, Topic } from './agent.js';
import { AgentRunner, type RunnerParts, runRecorder } from './agent-runner.js';
import { AgentRuns } from './agent-runs.js';
import { OutboxRelay } from './outbox-relay/outbox-relay.agent.js';
import { Schedules } from './schedules.js';
import { OutboxTasks } from './outbox-tasks.js';

export interface RuntimeParts {
  database: Database;
  configuration: CurrentConfiguration;
  wakeUps: Pick<WakeUps, 'on'>;
  log: Log;
  metrics: Metrics;
  redisUrl: string;
  redisPrefix: string;
  /** Factor on all periods. */
  pace: number;
}

/** The operator named an agent that this process does not have. */
export class UnknownAgent extends Error {
  constructor(name: string, known: readonly string[]) {
    super(`There is no agent ${name}; known are ${known.join(', ')}`);
  }
}

/** What a process works on. */
export interface Workload {
  agents: Agent[];
  tasks: Task[];
  /** Agents that run at once when a message of the topic comes. */
  wokenBy: { topic: Topic; agent: string }[];
}

/**
 * The agents of one process. Processes need not know each other: each may run any number of agents, and every agent runs
 * once at a time in the installation. Schedules come from BullMQ; a timer in each process stands in when Redis is away or
 * has forgotten them.
 */
export class AgentRuntime {
  private readonly runners = new Map<string, AgentRunner>();
  private readonly runs: AgentRuns;
  private readonly redis;
  private readonly schedules: Schedules;
  private readonly tasks: OutboxTasks;
  private readonly timers: NodeJS.Timeout[] = [];
  private stopListening: () => void = () => undefined;
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly parts: RuntimeParts,
    workload: Workload,
  ) {
    const { database, redisPrefix, log } = parts;
    this.redis = openRedis(parts.redisUrl, log);
    this.runs = new AgentRuns(database, `${hostname()}:${process.pid}`);
    const runnerParts: RunnerParts = { ...parts, runs: this.runs, record: runRecorder(parts.metrics) };
    const tasks = this.tasksOf(workload);
    const relay = new OutboxRelay(database, () => this.tasks, new Set(tasks.keys()));
    for (const agent of [...(tasks.size > 0 ? [relay] : []), ...workload.agents]) {
      this.runners.set(agent.name, new AgentRunner(agent, runnerParts));
    }
    this.schedules = new Schedules(this.redis, redisPrefix, this.runners, log);
    this.tasks = new OutboxTasks(this.redis, redisPrefix, tasks, {
      log,
      done: async (ids) => {
        if (ids.length > 0) await database.execute('DELETE FROM outbox WHERE message_id IN (?)', [ids]);
      },
    });
  }

  /** Begins to work. */
  async start(): Promise<void> {
    for (const { agent } of this.runners.values()) await this.runs.register(agent.name);
    this.schedules.start();
    this.tasks.start();
    this.stopListening = this.parts.wakeUps.on('outbox', () => void this.runners.get('outbox-relay')?.runNow());
    for (const runner of this.runners.values()) this.tickFor(runner);
    this.repeat(Math.min(10, 10 * this.parts.pace), () => this.schedules.ensure());
    // The first time at once, and without waiting for Redis.
    this.schedules.ensure().catch((error: unknown) => this.parts.log.warn('Schedules could not be made', { error }));
  }

  /** Runs one agent now and waits for its end. */
  async runNow(agent: string): Promise<string> {
    const runner = this.runners.get(agent);
    if (runner === undefined)
      throw new Error(`There is no agent ${agent}; known are ${[...this.runners.keys()].join(', ')}`);
    await this.runs.register(agent);
    return runner.runNow();
  }

  /** No new work; runs and tasks in progress have `seconds` to end, then their signals are aborted. */
  stop(seconds = 20): Promise<void> {
    this.stopped ??= this.end(seconds);
    return this.stopped;
  }

  /** Names of the agents whose schedule Redis holds. */
  scheduled(): Promise<string[]> {
    return this.schedules.names();
  }

  private async end(seconds: number): Promise<void> {
    this.stopListening();
    for (const timer of this.timers) clearInterval(timer);
    const runs = [...this.runners.values()].map((runner) => runner.stop(seconds));
    await Promise.all([...runs, this.schedules.close(), this.tasks.close(seconds)]);
    this.redis.disconnect();
  }

  private tasksOf({ tasks, wokenBy }: Workload): Map<Topic, Task> {
    const wakings = wokenBy.map(({ topic, agent }): Task => ({
      topic,
      // Many may wait for the same run.
      parallel: 50,
      handle: async () => {
        const outcome = await this.runNow(agent);
        if (outcome === 'failed' || outcome === 'elsewhere') throw new Error(`The agent ${agent} could not be run now`);
      },
    }));
    return new Map([...tasks, ...wakings].map((task) => [task.topic, task]));
  }

  /** The stand-in for the schedule: it does nothing as long as the schedule keeps the agent on time. */
  private tickFor(runner: AgentRunner): void {
    this.repeat(runner.period / 2, () => runner.runIfDue(runner.period * 1.4));
  }

  private repeat(seconds: number, work: () => Promise<unknown>): void {
    const timer = setInterval(() => {
      work().catch((error: unknown) => this.parts.log.warn('A timer of the agents failed', { error }));
    }, seconds * 1000);
    this.timers.push(timer);
  }
}
