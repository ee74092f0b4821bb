import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { type Configuration, CurrentConfiguration } from '../../configuration/index.js';
import { Database, systemClock, type Transaction, WakeUps } from '../../platform/index.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import { FullLimits } from './full-limits.js';
import { LimitKeys } from './limit-keys.js';
import { QueueLimits, rulesOf } from './queue-limits.js';
import { SlotBatch } from './slot-batch.js';

/** Of the task queues that waited for a limit, so many are looked at again when it has a slot; others have their turn later. */
const mostToldAtOnce = 64;

/**
 * Limits on what runs: for each that holds for a job at a place, its attempt has one of so many slots. The truth is in the
 * database, where claims take slots; here is who asks for them, and a hint which limits are full.
 */
@Injectable()
export class RunningLimits implements OnModuleInit, OnModuleDestroy {
  private readonly keys: LimitKeys;
  private readonly full: FullLimits;
  private limits: { document: Configuration; of: QueueLimits } | null = null;
  private stop: () => void = () => undefined;

  constructor(
    database: Database,
    private readonly configuration: CurrentConfiguration,
    private readonly wakeUps: WakeUps,
  ) {
    this.keys = new LimitKeys(database);
    this.full = new FullLimits(
      (queues) => wakeUps.wakeHere('task-queue', queues.slice(0, mostToldAtOnce)),
      systemClock,
    );
  }

  onModuleInit(): void {
    const stops = [
      this.wakeUps.on('limit', (ids) => this.freed(ids.map(Number))),
      this.configuration.onChange(() => this.full.clear()),
    ];
    this.stop = () => {
      for (const stop of stops) stop();
      this.full.clear();
    };
  }

  onModuleDestroy(): void {
    this.stop();
  }

  /** The limits of a batch of claims; null when nothing is limited. */
  batch(tx: Transaction): SlotBatch | null {
    const limits = this.current();
    if (limits === null) return null;
    const { keys, full } = this;
    return new SlotBatch(tx, { limits, keys, full, since: systemClock.now() });
  }

  /** Whether no job of the VO may begin there, as far as is known without asking the database. */
  isClosed(vo: string, place: { site: string; ce: string }): boolean {
    const limits = this.current()?.ofPlace(vo, place) ?? [];
    return limits.some(({ key, maximum }) => maximum === 0 || this.full.isFull(key));
  }

  /** Whether limits may let a job of this queue run there, as far as is known without asking the database. */
  mayRun(queue: WaitingQueue, place: { site: string; ce: string }): boolean {
    const limits = this.current()?.of(queue, place) ?? [];
    for (const { key, maximum } of limits) {
      if (maximum > 0 && !this.full.isFull(key)) continue;
      this.full.passedOver(key, queue.id);
      return false;
    }
    return true;
  }

  private freed(limitIds: readonly number[]): void {
    for (const id of limitIds) {
      const key = this.keys.nameOf(id);
      if (key !== undefined) this.full.free(key);
    }
  }

  private current(): QueueLimits | null {
    const { document } = this.configuration.get();
    if (rulesOf(document).isEmpty) return null;
    if (this.limits?.document !== document) this.limits = { document, of: new QueueLimits(rulesOf(document)) };
    return this.limits.of;
  }
}
