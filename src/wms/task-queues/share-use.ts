import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type Clock, Database, type Queryable, systemClock } from '../../platform/index.js';
import type { Requirements } from './requirements.js';
import type { NamedEntity, ShareEntity, Turn } from './shares.js';

/** After so many seconds (7 days) use counts half. */
export const halfLifeSeconds = 7 * 86_400;

/** Use that a claim adds: cores × CPU work asked for, so that a claim is charged what it may take away from others. */
export interface Use {
  entity: ShareEntity;
  used: number;
}

type UseRow = ShareEntity & { used: number };

/** What a job with these requirements is charged on so many cores: normalised core seconds. */
export function chargeOf(requirements: Pick<Requirements, 'cpuWork'>, processors: number): number {
  return requirements.cpuWork * processors;
}

const reloadSeconds = 15;
const foldAfterSeconds = 3_600;

/**
 * How much each share entity has used, with a half-life. The truth is a table to which claims only add rows, in their
 * own transaction; every process sums it up again now and then, and adds its own claims at once in between.
 */
@Injectable()
export class ShareUse {
  private use = new Map<string, number>();
  private loadedAt = -Infinity;
  private loading: Promise<void> | null = null;
  private sinceLoad: Use[] = [];
  private readonly clock: Clock = systemClock;

  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Sums the table up again when that was not done for a while. */
  async refresh(): Promise<void> {
    if (this.clock.now() - this.loadedAt < reloadSeconds * 1_000) return;
    this.loading ??= this.load().finally(() => (this.loading = null));
    await this.loading;
  }

  /** Whose turn it is: use per share on each level, with `planned` use counted as if it had happened. */
  turns(planned: ReadonlyMap<string, number> = new Map()): (entity: NamedEntity) => Turn {
    const { vos } = this.configuration.get().document;
    const used = (key: string): number => (this.use.get(key) ?? 0) + (planned.get(key) ?? 0);
    return (entity) => {
      const vo = vos[entity.vo];
      const group = vo?.groups[entity.group];
      const [ofVo, ofGroup, ofOwner] = shareKeys(entity);
      return {
        vo: used(ofVo) / (vo?.share ?? 1),
        group: used(ofGroup) / (group?.share ?? 1),
        owner: used(ofOwner) / (group?.owner_shares[entity.owner] ?? 1),
      };
    };
  }

  /** Writes use in the transaction that causes it. */
  async write(tx: Queryable, uses: readonly Use[]): Promise<void> {
    const summed = sumUp(uses);
    if (summed.length === 0) return;
    await tx.execute('INSERT INTO share_use (vo, owner_group, owner_subject, used) VALUES ?', [
      summed.map(({ entity: { vo, group, ownerSubject }, used }) => [vo, group, ownerSubject, used]),
    ]);
  }

  /** Counts use in this process; call it after the commit. */
  add(uses: readonly Use[]): void {
    if (this.loading !== null) this.sinceLoad.push(...uses);
    for (const { entity, used } of uses) addTo(this.use, entity, used);
  }

  /**
   * Folds rows older than an hour into one per entity, so that the table stays small. Several processes may try: one
   * does it. Returns how many rows went.
   */
  async fold(): Promise<number> {
    const folded = await this.database.withLock('share-use-fold', 0, () =>
      this.database.transaction(async (tx) => {
        const [newest] = await tx.query<{ id: number | null }>(
          'SELECT MAX(use_id) AS id FROM share_use WHERE at < NOW(6) - INTERVAL ? SECOND',
          [foldAfterSeconds],
        );
        if (newest === undefined || newest.id === null) return 0;
        const rows = await tx.query<UseRow>(`${sums} AND use_id <= ? GROUP BY vo, owner_group, owner_subject`, [
          newest.id,
        ]);
        const { affectedRows } = await tx.execute('DELETE FROM share_use WHERE use_id <= ?', [newest.id]);
        await this.write(tx, rows.filter(({ used }) => used >= 1).map(useOf));
        return affectedRows - rows.length;
      }),
    );
    return folded ?? 0;
  }

  private async load(): Promise<void> {
    this.sinceLoad = [];
    const rows = await this.database.query<UseRow>(`${sums} GROUP BY vo, owner_group, owner_subject`);
    const use = new Map<string, number>();
    // What was claimed while the statement ran may be counted twice until the next load; the error is small and passes.
    for (const { entity, used } of [...rows.map(useOf), ...this.sinceLoad]) addTo(use, entity, used);
    this.use = use;
    this.loadedAt = this.clock.now();
  }
}

const sums = `SELECT vo, owner_group AS \`group\`, owner_subject AS ownerSubject,
  SUM(used * POW(0.5, TIMESTAMPDIFF(MICROSECOND, at, NOW(6)) / 1e6 / ${halfLifeSeconds})) AS used
  FROM share_use WHERE TRUE`;

type Keys = readonly [vo: string, group: string, owner: string];

/** The entities of task queues live long and never change; making their keys for each claim costs more than the rest. */
const known = new WeakMap<ShareEntity, Keys>();

/** The keys of an entity's VO, of its group and of itself. The object must not change afterwards. */
export function shareKeys(entity: ShareEntity): Keys {
  const keys = known.get(entity);
  if (keys !== undefined) return keys;
  const { vo, group, ownerSubject } = entity;
  const made = [vo, `${vo}\n${group}`, `${vo}\n${group}\n${ownerSubject}`] as const;
  known.set(entity, made);
  return made;
}

/** Adds use of an entity on all three levels. */
export function addTo(sum: Map<string, number>, entity: ShareEntity, used: number): void {
  for (const key of shareKeys(entity)) sum.set(key, (sum.get(key) ?? 0) + used);
}

function sumUp(uses: readonly Use[]): Use[] {
  const summed = new Map<string, Use>();
  for (const use of uses) {
    const [, , key] = shareKeys(use.entity);
    summed.set(key, { ...use, used: (summed.get(key)?.used ?? 0) + use.used });
  }
  return [...summed.values()];
}

function useOf(row: UseRow): Use {
  return { entity: row, used: row.used };
}
