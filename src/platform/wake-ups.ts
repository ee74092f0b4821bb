import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import type { Log } from './logging.js';

/** What can wake somebody up. Names of things only; whoever wakes reads the truth from the database. */
export interface WakeUp {
  /** `task-queue`: jobs became claimable; `pilot`: commands for it, or it has ended; `outbox`: messages to relay; `job`: news of a job; `log`: a chunk of a pilot log; `limit`: slots became free; `configuration`, `resource-status`: there is a newer one; `loss`: attempts were lost. */
  topic: 'task-queue' | 'pilot' | 'outbox' | 'job' | 'log' | 'limit' | 'configuration' | 'resource-status' | 'loss';
  ids: (string | number)[];
}

/**
 * Hints between processes by Redis publish/subscribe. A lost hint costs at most one polling period of its listener;
 * correctness never depends on one.
 */
export class WakeUps {
  private readonly local = new EventEmitter().setMaxListeners(0);
  private readonly channel: string;

  constructor(
    private readonly publisher: Redis,
    private readonly subscriber: Redis,
    prefix: string,
    private readonly log: Log,
  ) {
    this.channel = `${prefix}:wake-ups`;
    this.subscriber.on('message', (_channel, text: string) => this.deliver(text));
    // ioredis repeats the subscription after a reconnection.
    this.subscriber
      .subscribe(this.channel)
      .catch((error: unknown) => this.log.warn('Cannot subscribe to wake-ups', { error }));
  }

  /** Tells everybody, this process included. Never throws and never waits. */
  wake(topic: WakeUp['topic'], ids: (string | number)[]): void {
    if (ids.length === 0) return;
    if (this.publisher.status !== 'ready') {
      this.local.emit(topic, ids);
      return;
    }
    this.publisher.publish(this.channel, JSON.stringify({ topic, ids })).catch((error: unknown) => {
      this.log.debug('A wake-up was lost', { topic, error });
      this.local.emit(topic, ids);
    });
  }

  /** Tells this process only. */
  wakeHere(topic: WakeUp['topic'], ids: (string | number)[]): void {
    if (ids.length > 0) this.local.emit(topic, ids);
  }

  /** Calls `listener` for each wake-up of the topic until the returned function is called. */
  on(topic: WakeUp['topic'], listener: (ids: (string | number)[]) => void): () => void {
    this.local.on(topic, listener);
    return () => this.local.off(topic, listener);
  }

  private deliver(text: string): void {
    const { topic, ids } = JSON.parse(text) as WakeUp;
    this.local.emit(topic, ids);
  }
}
