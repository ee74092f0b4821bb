import { Injectable } from '@nestjs/common';
import { type Configuration, CurrentConfiguration } from '../../configuration/index.js';
import { type Clock, Database, type Queryable, systemClock } from '../../platform/index.js';
import { sharesOf, type Use } from './share-keys.js';
import { type LedgerTerms, ShareLedger } from './share-ledger.js';
import { foldUse, readLevels, readUse, writeLevels, writeUse } from './share-rows.sql.js';
import type { NamedEntity, Turn } from './shares.js';

export { addTo, chargeOf, shareKeys, type Use } from './share-keys.js';

/** How often the database is asked for what other servers' claims have used, and turns are levelled. */
export const levelEverySeconds = 15;
/** Summing up takes a second for a million claims of the last hour: nobody waits for it, unless the sum is older than this. */
const longestSum = 60;

/** The terms of a configuration in seconds. */
export function ledgerTerms({ shares }: Pick<Configuration, 'shares'>): LedgerTerms {
  return { halfLifeSeconds: shares.half_life_days * 86_400, creditSeconds: shares.credit_minutes * 60 };
}

/**
 * The {@link ShareLedger} of an installation. The truth is a table to which claims only add rows, in their own
 * transaction; every process sums it up again now and then, and adds its own claims at once in between.
 */
@Injectable()
export class ShareUse {
  private ledger: ShareLedger;
  /** The ledger's time, in seconds: nothing decays between two loads. */
  private at: number;
  private loadedAt = -Infinity;
  private loading: Promise<void> | null = null;
  private sinceLoad: Use[] = [];
  /** Shares of owners are configured by name, use is written down by subject. */
  private readonly owners = new Map<string, string>();
  private readonly clock: Clock = systemClock;

  constructor(
    private readonly database: Database,
    private readonly configuration: CurrentConfiguration,
  ) {
    this.at = this.seconds();
    this.ledger = this.empty({ halfLifeSeconds: 1, creditSeconds: 0 }, this.at);
  }

  /** Sums the table up again when that was not done for a while; waits for it only when it was not done for long. */
  async refresh(): Promise<void> {
    const age = this.clock.now() - this.loadedAt;
    if (age < levelEverySeconds * 1_000) return;
    this.loading ??= this.load().finally(() => (this.loading = null));
    // A failure is tried again by the next claim, and told to it once the sum is too old.
    if (age < longestSum * 1_000) this.loading.catch(() => undefined);
    else await this.loading;
  }

  /** Whose turn it is: use per share on each level, with `planned` use counted as if it had happened. */
  turns(planned?: ReadonlyMap<string, number>): (entity: NamedEntity) => Turn {
    return this.ledger.turns(this.at, planned);
  }

  /** Writes use in the transaction that causes it. */
  async write(tx: Queryable, uses: readonly Use[]): Promise<void> {
    await writeUse(tx, uses, this.ledger, this.at);
  }

  /** Counts use in this process; call it after the commit. */
  add(uses: readonly Use[]): void {
    if (this.loading !== null) this.sinceLoad.push(...uses);
    for (const { entity, used } of uses) this.ledger.charge(entity, used, this.at);
  }

  /** Folds old rows, so that the table stays small. Several processes may try: one does it. Returns how many rows went. */
  async fold(): Promise<number> {
    const terms = ledgerTerms(this.configuration.get().document);
    return (await this.database.withLock('share-use-fold', 0, () => foldUse(this.database, terms))) ?? 0;
  }

  private async load(): Promise<void> {
    this.sinceLoad = [];
    const terms = ledgerTerms(this.configuration.get().document);
    await this.readOwners();
    const now = this.seconds();
    const uses = await readUse(this.database, terms, now);
    const levels = await readLevels(this.database, now);
    const ledger = this.empty(terms, now);
    for (const use of uses) ledger.restore(this.named(use), now);
    for (const row of levels) ledger.restoreLevel(this.named(row));
    await writeLevels(this.database, ledger.level(now));
    // What was claimed while the statements ran may be counted twice until the next load; the error is small and passes.
    for (const { entity, used } of this.sinceLoad) ledger.charge(entity, used, now);
    this.ledger = ledger;
    this.at = now;
    this.loadedAt = this.clock.now();
  }

  private async readOwners(): Promise<void> {
    const { vos } = this.configuration.get().document;
    const groups = Object.values(vos).flatMap(({ groups: of }) => Object.values(of));
    if (groups.every(({ owner_shares }) => Object.keys(owner_shares).length === 0)) return;
    const rows = await this.database.query<{ subject: string; owner: string }>(
      'SELECT DISTINCT owner_subject AS subject, owner FROM task_queues',
    );
    for (const { subject, owner } of rows) this.owners.set(subject, owner);
  }

  private named<T extends { entity: NamedEntity }>(of: T): T {
    return { ...of, entity: { ...of.entity, owner: this.owners.get(of.entity.ownerSubject) ?? '' } };
  }

  private empty(terms: LedgerTerms, now: number): ShareLedger {
    return new ShareLedger(terms, (entity) => sharesOf(this.configuration.get().document, entity), now);
  }

  private seconds(): number {
    return this.clock.now() / 1_000;
  }
}
