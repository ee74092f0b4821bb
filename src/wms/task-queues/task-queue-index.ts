import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database, isDatabaseUnavailable, Log, WakeUps } from '../../platform/index.js';
import { type Capability, signatureOf } from './capability.js';
import { fitsPlace } from './eligible.js';
import { QueueDefinitions, type QueueDefinition } from './queue-definitions.js';
import { readHeads, readNonEmptyQueues } from './read-heads.sql.js';

/** A task queue in which at least one job could be claimed when it was last looked at. */
export interface WaitingQueue extends QueueDefinition {
  headPriority: number;
  headJob: number;
}

const rebuildSeconds = 5;
const largestCache = 5_000;

/**
 * The task queues that are not empty, in memory: a hint that can be rebuilt from the database at any time. It follows
 * wake-ups and is rebuilt every few seconds. A queue that is empty after all costs the claim its next candidate.
 */
@Injectable()
export class TaskQueueIndex implements OnModuleInit, OnModuleDestroy {
  private readonly queues = new Map<number, WaitingQueue>();
  private readonly definitions: QueueDefinitions;
  private readonly candidateCache = new Map<string, { version: number; queues: WaitingQueue[] }>();
  private readonly listeners = new Set<(queues: WaitingQueue[]) => void>();
  private version = 0;
  private stale = new Set<number>();
  private looking: Promise<void> = Promise.resolve();
  private nextLook: Promise<void> | null = null;
  private rebuilt: Promise<void> | null = null;
  private stop: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
    private readonly log: Log,
  ) {
    this.definitions = new QueueDefinitions(database);
  }

  onModuleInit(): void {
    const off = this.wakeUps.on('task-queue', (ids) => void this.follow(() => this.refresh(ids.map(Number))));
    const timer = setInterval(() => void this.follow(() => this.rebuild()), rebuildSeconds * 1_000);
    this.stop = () => {
      off();
      clearInterval(timer);
    };
    void this.follow(() => this.rebuild());
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** The waiting queues of a VO whose requirements a place fulfils, whatever is free there at the moment. */
  candidates(vo: string, capability: Capability): WaitingQueue[] {
    const key = `${vo} ${signatureOf(capability)}`;
    const cached = this.candidateCache.get(key);
    if (cached?.version === this.version) return cached.queues;
    const queues = [...this.queues.values()].filter(
      (queue) => queue.vo === vo && fitsPlace(queue.requirements, capability) === null,
    );
    if (this.candidateCache.size >= largestCache) this.candidateCache.clear();
    this.candidateCache.set(key, { version: this.version, queues });
    return queues;
  }

  /** Calls `listener` with queues in which jobs have become claimable, until the returned function is called. */
  onWaiting(listener: (queues: WaitingQueue[]) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Looks at these queues again, after this call. Calls that come while a look is under way share the next one. */
  refresh(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.stale.add(id);
    this.nextLook ??= this.looking.then(() => {
      this.nextLook = null;
      const look = this.look();
      // Who asked for this look hears of its failure; the next one begins all the same.
      this.looking = look.catch(() => undefined);
      return look;
    });
    return this.nextLook;
  }

  /** Looks at all queues; what is not in the database leaves the index. */
  rebuild(): Promise<void> {
    this.rebuilt ??= this.lookAtAll().finally(() => (this.rebuilt = null));
    return this.rebuilt;
  }

  /** Looks at these queues again in the background: a claim has changed them. */
  lookAgain(ids: readonly number[]): void {
    if (ids.length > 0) void this.follow(() => this.refresh(ids));
  }

  /** A claim found nothing there. */
  markEmpty(id: number): void {
    if (this.queues.delete(id)) this.version += 1;
  }

  private async lookAtAll(): Promise<void> {
    const ids = await readNonEmptyQueues(this.database);
    await this.refresh([...new Set([...ids, ...this.queues.keys()])]);
    this.definitions.keep(new Set(this.queues.keys()));
  }

  private async look(): Promise<void> {
    const ids = [...this.stale];
    this.stale = new Set();
    if (ids.length === 0) return;
    const heads = new Map((await readHeads(this.database, ids)).map((head) => [head.id, head]));
    const definitions = await this.definitions.find([...heads.keys()]);
    for (const id of ids) if (!heads.has(id)) this.markEmpty(id);
    const waiting = definitions.flatMap((definition) => {
      const head = heads.get(definition.id);
      return head === undefined ? [] : [this.put(definition, head)];
    });
    if (waiting.length > 0) for (const listener of this.listeners) listener(waiting);
  }

  private put(definition: QueueDefinition, head: { priority: number; job: number }): WaitingQueue {
    const known = this.queues.get(definition.id);
    if (known !== undefined) {
      known.headPriority = head.priority;
      known.headJob = head.job;
      return known;
    }
    const queue = { ...definition, headPriority: head.priority, headJob: head.job };
    this.queues.set(queue.id, queue);
    this.version += 1;
    return queue;
  }

  /** The next look repairs what this one could not see. */
  private async follow(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      const message = 'The index of task queues could not be refreshed';
      if (isDatabaseUnavailable(error)) this.log.warn(message, { error });
      else this.log.error(message, { error });
    }
  }
}
