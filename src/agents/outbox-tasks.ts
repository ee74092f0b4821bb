import { type Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { type Log, withLogFields } from '../platform/index.js';
import type { Task, Topic } from './agent.js';
import { queueOptions, within } from './redis-queues.js';

/** Messages of one topic that travel together. */
export interface Parcel {
  topic: Topic;
  messages: { id: number; payload: Record<string, unknown> }[];
}

interface ParcelData {
  messages: Parcel['messages'];
}

/**
 * A BullMQ queue per topic, worked on by all agents processes. A message stays in the outbox until its task is done, so
 * what Redis forgets is handed on again.
 */
export class OutboxTasks {
  private readonly queues = new Map<Topic, Queue<ParcelData>>();
  private readonly workers: Worker<ParcelData>[] = [];
  private readonly stopping = new AbortController();

  constructor(
    private readonly redis: Redis,
    prefix: string,
    private readonly tasks: ReadonlyMap<Topic, Task>,
    private readonly parts: { log: Log; done: (ids: number[]) => Promise<void> },
  ) {
    const options = queueOptions(redis, prefix);
    const quiet = (error: Error): void => this.parts.log.debug('BullMQ', { error });
    for (const task of tasks.values()) {
      const queue = new Queue<ParcelData>(task.topic, options);
      const worker = new Worker<ParcelData>(
        task.topic,
        (job: Job<ParcelData>) => this.handle({ topic: task.topic, messages: job.data.messages }),
        { ...options, autorun: false, concurrency: task.parallel },
      );
      worker.on('failed', (job, error) => this.failed(task.topic, job, error));
      queue.on('error', quiet);
      worker.on('error', quiet);
      this.queues.set(task.topic, queue);
      this.workers.push(worker);
    }
  }

  /** Begins to work on messages. */
  start(): void {
    for (const worker of this.workers) {
      worker.run().catch((error: unknown) => this.parts.log.error('A worker of messages ended', { error }));
    }
  }

  /** Whether parcels can be handed on now; otherwise the relay handles them itself. */
  get isUp(): boolean {
    return this.redis.status === 'ready';
  }

  /** Hands parcels to whichever process is free. A parcel that is on its way already is not doubled. */
  async add(parcels: readonly Parcel[]): Promise<void> {
    for (const [topic, queue] of this.queues) {
      const jobs = parcels
        .filter((parcel) => parcel.topic === topic)
        .map(({ messages }) => ({
          name: topic,
          data: { messages },
          opts: {
            jobId: `message-${messages.at(-1)?.id ?? 0}`,
            attempts: 5,
            backoff: { type: 'exponential', delay: 500 },
            removeOnComplete: true,
            removeOnFail: true,
          },
        }));
      if (jobs.length > 0) await within(5, queue.addBulk(jobs));
    }
  }

  /** Does the task of each message, then takes the messages out of the outbox. */
  async handle({ topic, messages }: Parcel): Promise<void> {
    const task = this.tasks.get(topic);
    if (task === undefined) throw new Error(`There is no task for ${topic}`);
    const context = { signal: this.stopping.signal, log: this.parts.log };
    for (const { payload } of merged(topic, messages)) {
      await withLogFields({ task: topic }, () => task.handle(payload, context));
    }
    await this.parts.done(messages.map(({ id }) => id));
  }

  /** Takes no new work; what is being done has `seconds` to end. */
  async close(seconds: number): Promise<void> {
    const closing = Promise.all(this.workers.map((worker) => worker.close(!this.isUp)));
    await within(seconds, closing).catch(() => this.stopping.abort(new Error('The process stops')));
    await within(2, closing).catch(() => undefined);
    await within(3, Promise.all([...this.queues.values()].map((queue) => queue.close()))).catch(() => undefined);
  }

  private failed(topic: Topic, job: Job | undefined, error: Error): void {
    const last = (job?.attemptsMade ?? 0) >= (job?.opts.attempts ?? 1);
    this.parts.log[last ? 'error' : 'warn']('A task failed; its message comes again', { task: topic, error });
  }
}

/** Demand is one question however often it is asked. */
function merged(topic: Topic, messages: Parcel['messages']): Parcel['messages'] {
  return topic === 'demand' ? messages.slice(-1) : messages;
}
