import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { CurrentConfiguration } from '../../configuration/index.js';
import { toDatabase, WakeUps } from '../../platform/index.js';
import { Jobs } from '../jobs/jobs.js';
import type { ResourceStatus } from '../resource-status/resource-status.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import type { Loss } from './note-ends.sql.js';
import { RecentLosses } from './recent-losses.js';
import { watchAuthor } from './watch-author.js';

/**
 * What every server does at once when a pilot or host loses jobs soon after their claims: it gives it none for a moment,
 * until the agent has judged. In memory only. A server hears of its own losses before it answers the pilot that told
 * it, and of those of other servers by wake-up.
 */
@Injectable()
export class Brake implements OnModuleInit, OnModuleDestroy {
  private readonly losses = new RecentLosses();
  private readonly self = randomUUID();
  private readonly stops: (() => void)[] = [];

  constructor(
    private readonly jobs: Jobs,
    private readonly configuration: CurrentConfiguration,
    private readonly wakeUps: WakeUps,
    /** What is set for longer, by the watch and by people. */
    readonly statuses: ResourceStatuses,
  ) {}

  onModuleInit(): void {
    this.stops.push(
      this.jobs.onEnds(({ losses, ended }) => {
        const { black_holes: rules } = this.configuration.get().document;
        for (const stamp of ended) this.losses.ended(stamp, rules);
        if (losses.length === 0) return;
        this.take(losses);
        this.wakeUps.wake('loss', [JSON.stringify({ from: this.self, losses })]);
      }),
      this.wakeUps.on('loss', (texts) => {
        for (const text of texts) {
          const { from, losses } = JSON.parse(String(text)) as { from: string; losses: Loss[] };
          if (from !== this.self) this.take(losses);
        }
      }),
    );
  }

  onModuleDestroy(): void {
    for (const stop of this.stops) stop();
  }

  /** Whether no pilot needs to be looked at. */
  get isIdle(): boolean {
    return this.losses.isEmpty(this.configuration.get().document.black_holes, performance.now());
  }

  /** The brake on a pilot's host or itself, as a status; null: it may get jobs. */
  on(stamp: string, site: string, host: string | undefined): ResourceStatus | null {
    const braked = this.losses.brakeOn(stamp, nameOf(site, host), performance.now());
    if (braked === null) return null;
    const { level: kind, name: braking, reason } = braked;
    const common = { vo: '', access: '' as const, author: watchAuthor, setAt: toDatabase(new Date()), expiresAt: null };
    return { ...common, kind, name: braking, status: 'Banned', reason };
  }

  /** The jobs that a pilot's host or itself has lost a moment ago, which others shall have; undefined: none. */
  avoidedBy(stamp: string, site: string, host: string | undefined): ReadonlySet<number> | undefined {
    const { pause } = this.configuration.get().document.black_holes.brake;
    return this.losses.lostSince(stamp, nameOf(site, host), performance.now() - pause * 1_000);
  }

  /** These got jobs. */
  uses(takes: readonly { site: string; host: string | null }[]): void {
    for (const { site, host } of takes) {
      const name = nameOf(site, host ?? undefined);
      if (name !== null) this.losses.uses(name);
    }
  }

  private take(losses: readonly Loss[]): void {
    const { black_holes: rules } = this.configuration.get().document;
    if (!rules.enabled) return;
    for (const loss of losses) this.losses.lost(loss, rules, performance.now());
  }
}

function nameOf(site: string, host: string | undefined): string | null {
  return host === undefined || host === '' ? null : `${site}/${host}`.toLowerCase();
}
