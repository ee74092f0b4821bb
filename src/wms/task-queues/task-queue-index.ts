import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Database, isDatabaseUnavailable, Log, WakeUps } from '../../platform/index.js';
import type { Capability } from './capability.js';
import { QueueDefinitions } from './queue-definitions.js';
import { QueueRounds } from './queue-rounds.js';
import { readAhead, readHeads, readNonEmptyQueues } from './read-heads.sql.js';
import type { Head } from './shares.js';
import type { WaitingQueue } from './waiting-queue.js';
import { WaitingQueues } from './waiting-queues.js';

/** How a queue is looked at: only its head, what is known to follow it being kept or not, or as far ahead as is read. */
const looks = { check: 0, head: 1, ahead: 2 } as const;
type Look = (typeof looks)[keyof typeof looks];

/** So many jobs of a queue are read ahead, so that most claims need no look: more where they do not last for long. */
const depths = { least: 16, most: 512 } as const;
const lastsLongEnough = 2_000;

/**
 * The task queues that are not empty, in memory: a hint that can be rebuilt from the database at any time. It follows
 * wake-ups, and {@link QueueRounds} finds what they have lost. A queue that is empty after all costs the claim its next
 * candidate.
 */
@Injectable()
export class TaskQueueIndex implements OnModuleInit, OnModuleDestroy {
  /** What is known; claims take jobs from it while they plan. */
  readonly queues = new WaitingQueues(() => performance.now());
  private readonly definitions: QueueDefinitions;
  private readonly listeners = new Set<(queues: WaitingQueue[]) => void>();
  private stale = new Map<number, Look>();
  private looking: Promise<void> = Promise.resolve();
  private nextLook: Promise<void> | null = null;
  private rebuilt: Promise<void> | null = null;
  /** How far each busy queue was read ahead, and when. */
  private readonly depths = new Map<number, { depth: number; at: number }>();
  private readonly rounds: QueueRounds;
  private stop: () => void = () => undefined;

  constructor(
    private readonly database: Database,
    private readonly wakeUps: WakeUps,
    private readonly log: Log,
  ) {
    this.definitions = new QueueDefinitions(database);
    this.rounds = new QueueRounds(
      database,
      () => {
        this.tidy();
        return this.known();
      },
      (ids) => this.refresh(ids, looks.check),
    );
  }

  onModuleInit(): void {
    const off = this.wakeUps.on('task-queue', (ids) => void this.follow(() => this.refresh(ids.map(Number))));
    this.stop = () => {
      off();
      this.rounds.stop();
    };
    void this.follow(() => this.rebuild()).then(() => this.rounds.run((error) => this.tell(error)));
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** The waiting queues of a VO whose requirements a place fulfils, whatever is free there. Looks at all queues. */
  candidates(vo: string, capability: Capability): WaitingQueue[] {
    return this.queues.candidates(vo, capability);
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

  /** Of these queues too little is known: they are looked at in the background. */
  lookAhead(ids: readonly number[]): void {
    if (ids.length > 0) void this.follow(() => this.refresh(ids, looks.ahead));
  }

  private async lookAtAll(): Promise<void> {
    const ids = await readNonEmptyQueues(this.database);
    await this.refresh([...new Set([...ids, ...this.known()])], looks.check);
    this.tidy();
  }

  /** Forgets what is not needed any more. */
  private tidy(): void {
    this.definitions.keep(new Set(this.known()));
    const now = performance.now();
    for (const [id, { at }] of this.depths) if (now - at > lastsLongEnough) this.depths.delete(id);
  }

  private known(): number[] {
    return [...this.queues.all()].map(({ id }) => id);
  }

  private async look(): Promise<void> {
    const stale = this.stale;
    this.stale = new Map();
    if (stale.size === 0) return;
    const look = this.queues.beginLook();
    const far = this.depthsOf(stale);
    const found = await this.readStale(stale, far);
    const definitions = await this.definitions.find([...found.keys()]);
    for (const id of stale.keys()) if (!found.has(id)) this.queues.remove(id);
    const waiting = definitions.map((definition) => {
      const heads = found.get(definition.id) ?? [];
      const [head] = heads;
      const how = stale.get(definition.id) ?? looks.check;
      const depth = far.get(definition.id);
      if (depth !== undefined) return this.queues.put(definition, heads, heads.length < depth, look);
      if (how === looks.head) this.queues.mayHaveMore(definition.id);
      return head === undefined
        ? this.queues.put(definition, [], true, look)
        : this.queues.check(definition, head, look);
    });
    this.queues.endLook(look);
    if (waiting.length > 0) for (const listener of this.listeners) listener(waiting);
  }

  /** How far to read ahead in which queues. A queue of which nothing is known, but that jobs have come, is one of them. */
  private depthsOf(stale: ReadonlyMap<number, Look>): Map<number, number> {
    const far = new Map<number, number>();
    for (const [id, how] of stale) {
      const unknown = (this.queues.get(id)?.ahead.length ?? 0) === 0;
      if (how === looks.ahead || (how === looks.head && unknown)) far.set(id, this.nextDepth(id));
    }
    return far;
  }

  private nextDepth(id: number): number {
    const now = performance.now();
    const last = this.depths.get(id);
    const factor = last === undefined ? 0 : now - last.at < lastsLongEnough ? 2 : 0.5;
    const depth = Math.min(depths.most, Math.max(depths.least, (last?.depth ?? 0) * factor));
    this.depths.set(id, { depth, at: now });
    return depth;
  }

  private async readStale(
    stale: ReadonlyMap<number, Look>,
    far: ReadonlyMap<number, number>,
  ): Promise<Map<number, Head[]>> {
    const near = [...stale.keys()].filter((id) => !far.has(id));
    const rows = [...(await readHeads(this.database, near)), ...(await readAhead(this.database, far))];
    const found = new Map<number, Head[]>();
    for (const { id, priority, job } of rows) {
      const of = found.get(id) ?? [];
      of.push({ headPriority: priority, headJob: job });
      found.set(id, of);
    }
    return found;
  }

  /** The next look repairs what this one could not see. */
  private async follow(look: () => Promise<void>): Promise<void> {
    try {
      await look();
    } catch (error) {
      this.tell(error);
    }
  }

  private tell(error: unknown): void {
    const message = 'The index of task queues could not be refreshed';
    if (isDatabaseUnavailable(error)) this.log.warn(message, { error });
    else this.log.error(message, { error });
  }
}
