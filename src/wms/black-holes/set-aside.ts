import type { BlackHoleRules } from '../../configuration/index.js';
import type { ResourceState } from '../../contract/index.js';
import { type Database, toEpoch } from '../../platform/index.js';
import type { ResourceStatuses } from '../resource-status/resource-statuses.js';
import { beginChange, readStatus } from '../resource-status/status-rows.sql.js';
import { bannedUntil, type Hole } from './course.js';
import type { Place } from './evidence.js';
import { removeHole, writeHole } from './hole-rows.sql.js';
import { watchAuthor } from './watch-author.js';

/** A status outlasts what is planned by so much, so that it ends by itself when nobody watches any more (s). */
const slack = 300;
/** An alarm stands for so long after it was last raised, and is raised again when so much of it is left (s). */
const alarmSeconds = 600;
const renewBelow = 300;

/** Writes what the watch decides: the hole and the status of its place together, and never over what a person set. */
export class SetAside {
  constructor(
    private readonly database: Database,
    private readonly statuses: ResourceStatuses,
  ) {}

  /** Whether a person has set the status of this place. */
  isManual({ level, name }: Place): boolean {
    const status = this.statuses.of(level, name, '');
    return status !== null && status.author !== watchAuthor;
  }

  /** Whether what the watch set is still in force: people may take it back, and nobody may have watched for long. */
  isInForce({ level, name }: Place): boolean {
    return this.statuses.of(level, name, '')?.author === watchAuthor;
  }

  /** Bans a place, `hole.relapses` telling for how long; false when a person has set its status meanwhile. */
  ban(hole: Omit<Hole, 'state' | 'changedAt' | 'until'>, now: number, rules: BlackHoleRules): Promise<boolean> {
    const until = bannedUntil(now, hole.relapses, rules);
    return this.set({ ...hole, state: 'Banned', changedAt: now, until }, 'Banned', hole.reason);
  }

  /** Lets a banned place have a few jobs, for `memory` at the longest. */
  probe(hole: Hole, now: number, { memory, probes }: BlackHoleRules): Promise<boolean> {
    const reason = `tried with a few jobs until ${probes} have ended well, after: ${hole.reason}`;
    const until = now + memory * 1_000;
    return this.set({ ...hole, state: 'Probing', changedAt: now, until }, 'Probing', reason);
  }

  /** Takes back what was set; relapses are remembered for a while. */
  async release(hole: Hole, now: number, { memory, window }: BlackHoleRules, reason: string): Promise<void> {
    // As long as old failures are in evidence it must be known that they are forgiven.
    const until = now + Math.max(memory, window) * 1_000;
    await this.database.transaction(async (tx) => {
      const of = { kind: hole.level, name: hole.name, vo: '', access: '' } as const;
      await beginChange(tx);
      await writeHole(tx, { ...hole, state: 'Released', changedAt: now, until });
      const status = await readStatus(tx, of);
      if (status?.author === watchAuthor) await this.statuses.remove(tx, of, reason, watchAuthor);
    });
    await this.statuses.announce();
  }

  /** Forgets relapses. */
  async forget(hole: Hole): Promise<void> {
    await this.database.transaction((tx) => removeHole(tx, hole));
  }

  /** Shows a site as Degraded for a while. Answers whether that is news: it was not shown, or not for much longer. */
  async alarm(site: string, reason: string, now: number): Promise<boolean> {
    const of = { kind: 'site', name: site, vo: '', access: '' } as const;
    const written = await this.database.transaction(async (tx) => {
      await beginChange(tx);
      const before = await readStatus(tx, of);
      const left = (toEpoch(before?.expiresAt ?? '1970-01-01 00:00:00') - now) / 1_000;
      const free = before === null || (before.author === watchAuthor && before.status === 'Degraded');
      if (!free || left > renewBelow) return false;
      const expires = { inSeconds: alarmSeconds };
      return this.statuses.write(tx, { ...of, status: 'Degraded', reason, expires }, watchAuthor);
    });
    if (written) await this.statuses.announce();
    return written;
  }

  private async set(hole: Hole, status: ResourceState, reason: string): Promise<boolean> {
    const written = await this.database.transaction(async (tx) => {
      const of = { kind: hole.level, name: hole.name, vo: '', access: '' } as const;
      // From here on nobody else changes statuses until the commit.
      await beginChange(tx);
      const before = await readStatus(tx, of);
      if (before !== null && before.author !== watchAuthor) return false;
      await writeHole(tx, hole);
      const inSeconds = (hole.until - hole.changedAt) / 1_000 + slack;
      return this.statuses.write(tx, { ...of, status, reason, expires: { inSeconds } }, watchAuthor);
    });
    if (written) await this.statuses.announce();
    return written;
  }
}
