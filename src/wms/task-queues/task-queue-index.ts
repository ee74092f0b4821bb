import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database, isDatabaseUnavailable, Log, WakeUps } from '../../platform/index.js';
import { type Capability, signatureOf } from './capability.js';
import { fitsPlace } from './eligible.js';
import { QueueDefinitions, type QueueDefinition } from './queue-definitions.js';
import { readAhead, readHeads, readNonEmptyQueues } from './read-heads.sql.js';
import type { Head } from './shares.js';

/** A task queue in which at least one job could be claimed when it was last looked at. */
export interface WaitingQueue extends QueueDefinition, Head {
  /** What is known of the jobs that come next, the head first. Empty between a claim of all of them and the next look. */
  ahead: Head[];
}

/** What a batch of claims did to a queue. */
export interface Claimed {
  queue: number;
  /** Jobs that cannot be claimed any more. */
  gone: readonly number[];
  /** Nothing was left. */
  empty: boolean;
}

/** How a queue is looked at: only its head, what is known to follow it being kept or not, or as far ahead as is read. */
const looks = { check: 0, head: 1, ahead: 2 } as const;
type Look = (typeof looks)[keyof typeof looks];

/** Jobs of a queue that are read ahead, so that most claims need no look. */
const depth = 16;
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
  private stale = new Map<number, Look>();
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
  refresh(ids: readonly number[], how: Look = looks.head): Promise<void> {
    for (const id of ids) this.stale.set(id, Math.max(this.stale.get(id) ?? 0, how) as Look);
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

  /** Claims have taken from these queues. Those of which nothing more is known are looked at in the background. */
  taken(claimed: readonly Claimed[]): void {
    const unknown: number[] = [];
    for (const { queue: id, gone, empty } of claimed) {
      const queue = this.queues.get(id);
      if (queue !== undefined)
        setAhead(
          queue,
          queue.ahead.filter(({ headJob }) => !gone.includes(headJob)),
        );
      if (empty) this.markEmpty(id);
      if (empty || (queue?.ahead.length ?? 0) === 0) unknown.push(id);
    }
    if (unknown.length > 0) void this.follow(() => this.refresh(unknown, looks.ahead));
  }

  private markEmpty(id: number): void {
    if (this.queues.delete(id)) this.version += 1;
  }

  private async lookAtAll(): Promise<void> {
    const ids = await readNonEmptyQueues(this.database);
    await this.refresh([...new Set([...ids, ...this.queues.keys()])], looks.check);
    this.definitions.keep(new Set(this.queues.keys()));
  }

  private async look(): Promise<void> {
    const stale = this.stale;
    this.stale = new Map();
    if (stale.size === 0) return;
    const found = await this.readStale(stale);
    const definitions = await this.definitions.find([...found.keys()]);
    for (const id of stale.keys()) if (!found.has(id)) this.markEmpty(id);
    const waiting = definitions.flatMap((definition) => {
      const ahead = found.get(definition.id);
      return ahead === undefined ? [] : [this.put(definition, ahead, stale.get(definition.id) === looks.check)];
    });
    if (waiting.length > 0) for (const listener of this.listeners) listener(waiting);
  }

  private async readStale(stale: ReadonlyMap<number, Look>): Promise<Map<number, Head[]>> {
    const far = [...stale].filter(([, how]) => how === looks.ahead).map(([id]) => id);
    const near = [...stale].filter(([, how]) => how !== looks.ahead).map(([id]) => id);
    const rows = [...(await readHeads(this.database, near)), ...(await readAhead(this.database, far, depth))];
    const found = new Map<number, Head[]>();
    for (const { id, priority, job } of rows) {
      const of = found.get(id) ?? [];
      of.push({ headPriority: priority, headJob: job });
      found.set(id, of);
    }
    return found;
  }

  /** `check`: of a queue whose head is as it was, what is known to follow it is kept. */
  private put(definition: QueueDefinition, ahead: Head[], check: boolean): WaitingQueue {
    const known = this.queues.get(definition.id);
    if (known !== undefined) {
      const same = known.ahead[0]?.headJob === ahead[0]?.headJob && known.headPriority === ahead[0]?.headPriority;
      if (!check || !same) setAhead(known, ahead);
      return known;
    }
    const queue = { ...definition, headPriority: 0, headJob: 0, ahead: [] };
    setAhead(queue, ahead);
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

/** A head that is not known stays what it was: nothing that comes later is better. */
function setAhead(queue: WaitingQueue, ahead: Head[]): void {
  queue.ahead = ahead;
  const [head] = ahead;
  if (head === undefined) return;
  queue.headPriority = head.headPriority;
  queue.headJob = head.headJob;
}
