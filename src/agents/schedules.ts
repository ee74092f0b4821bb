import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Log } from '../platform/index.js';
import type { AgentRunner } from './agent-runner.js';
import { queueOptions, within } from './redis-queues.js';

const queueName = 'schedules';

/**
 * The periods of all agents as BullMQ job schedulers, which the processes of an installation share. Losing them costs
 * nothing but punctuality: `ensure` makes them again, and each process has a timer of its own besides.
 */
export class Schedules {
  private readonly queue: Queue;
  private readonly worker: Worker;

  constructor(
    private readonly redis: Redis,
    prefix: string,
    private readonly runners: ReadonlyMap<string, AgentRunner>,
    private readonly log: Log,
  ) {
    const options = queueOptions(redis, prefix);
    this.queue = new Queue(queueName, options);
    this.worker = new Worker(queueName, (job: Job) => this.tick(job.name), {
      ...options,
      autorun: false,
      concurrency: Math.max(1, runners.size),
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    });
    // Outages are reported once by the connection itself.
    const quiet = (error: Error): void => this.log.debug('BullMQ', { error });
    this.queue.on('error', quiet);
    this.worker.on('error', quiet);
  }

  /** Begins to take its turns. */
  start(): void {
    this.worker.run().catch((error: unknown) => this.log.error('The schedule of agents ended', { error }));
  }

  /** Makes the job schedulers that are missing or have another period. Does nothing while Redis is away. */
  async ensure(): Promise<void> {
    if (this.redis.status !== 'ready') return;
    const known = await within(5, this.queue.getJobSchedulers(0, 1_000));
    const periods = new Map(known.map((each) => [each.key, each.every]));
    for (const { agent, period } of this.runners.values()) {
      const every = Math.max(1, Math.round(period * 1000));
      if (Number(periods.get(agent.name)) === every) continue;
      await within(5, this.queue.upsertJobScheduler(agent.name, { every }, { name: agent.name }));
    }
  }

  /** Names of the agents that have a job scheduler; what `ensure` looks after. */
  async names(): Promise<string[]> {
    return (await this.queue.getJobSchedulers(0, 1_000)).map(({ key }) => key);
  }

  async close(): Promise<void> {
    await within(3, this.worker.close(this.redis.status !== 'ready')).catch(() => undefined);
    await within(3, this.queue.close()).catch(() => undefined);
  }

  private async tick(agent: string): Promise<void> {
    // A process with fewer agents leaves the others to those who have them.
    await this.runners.get(agent)?.runIfDue();
  }
}
