import { shareKeys, type Shares } from './share-keys.js';
import type { NamedEntity, Turn } from './shares.js';

/** How use is remembered. */
export interface LedgerTerms {
  /** After so many seconds use counts half. */
  halfLifeSeconds: number;
  /** How far behind the others' use whoever returns after a pause may be: so many seconds of its share of the rate. */
  creditSeconds: number;
}

/** Use of one entity, as it was written down. Times in seconds. */
export interface RecordedUse {
  entity: NamedEntity;
  /** Decayed to now. */
  used: number;
  /** Decayed to now with {@link recentHalfLife}; 0 when it was not served for long. */
  recent: number;
  served: LastTurn | null;
}

/** The last time that an entity was served, and what its VO, its group and itself had used just before. */
export interface LastTurn {
  at: number;
  before: readonly [vo: number, group: number, owner: number];
}

/** The floor under the children of a VO, of a group or of all ('all'), and what was added to the use of one of them. */
export interface LevelRow {
  depth: number;
  entity: NamedEntity;
  lifted: number;
  floor: number;
  /** Seconds; lifted and floor decay from here. */
  at: number;
}

interface Account {
  depth: number;
  entity: NamedEntity;
  /** Use and `lifted`; like `floor` and `before` in units that grow as use decays, so that they need no touch. */
  total: number;
  lifted: number;
  /** Use per share of whoever was served below, as far as all who are served regularly have come. */
  floor: number;
  levelledAt: number;
  servedAt: number;
  before: number;
  recent: number;
  recentAt: number;
  below: Map<string, Account>;
}

/** Who got less than this part of its share lately is no yardstick: it wants what is rare. */
const leastPart = 0.1;
/** Growing units are brought back to 1 after so many half-lives. */
const rebaseAfter = 64;

/** What counts as served lately fades in a quarter of the credit. */
export function recentHalfLife({ creditSeconds }: LedgerTerms): number {
  return Math.max(1, creditSeconds / 4);
}

/**
 * How much every VO, every group of it and every owner in that has used, with a half-life, and whose turn it is: use per
 * share, lowest first. Who pauses keeps no more than a small credit: as in start-time fair queueing there is a virtual
 * time on every level, the use per share at which its members are being served; it never goes back, and a member that
 * is served below it, less the credit, is lifted up to there. So nobody who returns keeps the others waiting until it has
 * caught up with days of theirs. No clock and no I/O: equal calls give equal turns.
 */
export class ShareLedger {
  private readonly all = account(0, { vo: '', group: '', ownerSubject: '', owner: '' });
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly terms: LedgerTerms,
    private readonly sharesOf: (entity: NamedEntity) => Shares,
    private origin: number,
  ) {}

  /** An entity is served: it uses so much from now on. */
  charge(entity: NamedEntity, used: number, now: number): void {
    const weight = this.weight(now);
    const shares = this.sharesOf(entity);
    let above = this.all;
    for (const one of this.path(entity)) {
      this.lift(one, above, shares[one.depth - 1] ?? 1);
      one.before = one.total;
      one.total += used * weight;
      one.recent = this.recentOf(one, now) + used;
      one.recentAt = now;
      one.servedAt = Math.max(one.servedAt, now);
      above = one;
    }
  }

  /** Takes over what was written down; each entity once, before {@link restoreLevel}. */
  restore({ entity, used, recent, served }: RecordedUse, now: number): void {
    const weight = this.weight(now);
    for (const one of this.path(entity)) {
      one.total += used * weight;
      if (served === null) continue;
      one.recent = this.recentOf(one, now) + recent;
      one.recentAt = now;
      if (served.at < one.servedAt) continue;
      const before = (served.before[one.depth - 1] ?? 0) * this.weight(served.at);
      one.before = served.at === one.servedAt ? Math.min(one.before, before) : before;
      one.servedAt = served.at;
    }
  }

  /** Takes over a row that {@link level} gave. */
  restoreLevel({ depth, entity, lifted, floor, at }: LevelRow): void {
    const one = depth === 0 ? this.all : this.path(entity, depth)[depth - 1];
    if (one === undefined) return;
    const weight = this.weight(at);
    one.total += lifted * weight - one.lifted;
    one.lifted = lifted * weight;
    one.floor = Math.max(one.floor, floor * weight);
    one.levelledAt = Math.max(one.levelledAt, at);
  }

  /**
   * Moves the virtual times on and lifts who was served since below them. Call it every few seconds. Gives what has
   * changed, as of now; who writes that down and restores it goes on with the same turns.
   */
  level(now: number): LevelRow[] {
    const changed = new Set<Account>();
    for (const parent of [this.all, ...this.accounts.values()]) {
      if (![...parent.below.values()].some(({ servedAt }) => servedAt > parent.levelledAt)) continue;
      const floor = this.virtualTime(parent, now);
      if (floor !== null) parent.floor = Math.max(parent.floor, floor);
      for (const child of parent.below.values()) {
        const served = child.servedAt > parent.levelledAt;
        if (served && this.lift(child, parent, this.shareOf(child))) changed.add(child);
      }
      parent.levelledAt = now;
      changed.add(parent);
    }
    const weight = this.weight(now);
    const rows = [...changed].map(({ depth, entity, lifted, floor }) => ({
      depth,
      entity: entityAt(entity, depth),
      lifted: lifted / weight,
      floor: floor / weight,
      at: now,
    }));
    this.rebase(now);
    return rows;
  }

  /** Whose turn it is: use per share on each level, with `planned` use counted as if it had happened. */
  turns(now: number, planned: ReadonlyMap<string, number> = new Map()): (entity: NamedEntity) => Turn {
    const weight = this.weight(now);
    const used = (key: string): number => (this.accounts.get(key)?.total ?? 0) / weight + (planned.get(key) ?? 0);
    return (entity) => {
      const [ofVo, ofGroup, ofOwner] = shareKeys(entity);
      const [vo, group, owner] = this.sharesOf(entity);
      return { vo: used(ofVo) / vo, group: used(ofGroup) / group, owner: used(ofOwner) / owner };
    };
  }

  /** What an entity's VO, its group and itself have used as of now, credit that was lost included. */
  usedBy(entity: NamedEntity, now: number): [vo: number, group: number, owner: number] {
    const weight = this.weight(now);
    const [vo, group, owner] = shareKeys(entity).map((key) => (this.accounts.get(key)?.total ?? 0) / weight);
    return [vo ?? 0, group ?? 0, owner ?? 0];
  }

  /** Use per share before the last service of those who are served regularly: the one who is least far. */
  private virtualTime(parent: Account, now: number): number | null {
    const served = [...parent.below.values()]
      .map((child) => ({ child, share: this.shareOf(child), recent: this.recentOf(child, now) }))
      .filter(({ recent }) => recent > 0);
    const total = served.reduce((sum, { recent }) => sum + recent, 0);
    const shares = served.reduce((sum, { share }) => sum + share, 0);
    const regular = served.filter(({ share, recent }) => recent >= (leastPart * total * share) / shares);
    if (regular.length === 0) return null;
    return regular.reduce((least, { child, share }) => Math.min(least, child.before / share), Infinity);
  }

  /** Credit ends a little below the virtual time: by its part of all use that is remembered. */
  private lift(one: Account, above: Account, share: number): boolean {
    const remembered = this.terms.halfLifeSeconds / Math.LN2;
    const least = above.floor * Math.max(0, 1 - this.terms.creditSeconds / remembered) * share;
    if (one.total >= least) return false;
    one.lifted += least - one.total;
    one.total = least;
    return true;
  }

  private shareOf({ entity, depth }: Account): number {
    return this.sharesOf(entity)[depth - 1] ?? 1;
  }

  private recentOf({ recent, recentAt }: Account, now: number): number {
    return recent === 0 ? 0 : recent * 2 ** (-Math.max(0, now - recentAt) / recentHalfLife(this.terms));
  }

  /** The accounts of an entity's VO, of its group and of itself, or of the first of them. */
  private path(entity: NamedEntity, depth = 3): Account[] {
    let above = this.all;
    return shareKeys(entity)
      .slice(0, depth)
      .map((key, index) => {
        let one = this.accounts.get(key);
        if (one === undefined) {
          one = account(index + 1, entity);
          this.accounts.set(key, one);
          above.below.set(key, one);
        }
        above = one;
        return one;
      });
  }

  private weight(at: number): number {
    return 2 ** ((at - this.origin) / this.terms.halfLifeSeconds);
  }

  private rebase(now: number): void {
    if (now - this.origin < rebaseAfter * this.terms.halfLifeSeconds) return;
    const weight = this.weight(now);
    for (const one of [this.all, ...this.accounts.values()]) {
      one.total /= weight;
      one.lifted /= weight;
      one.floor /= weight;
      one.before /= weight;
    }
    this.origin = now;
  }
}

function account(depth: number, entity: NamedEntity): Account {
  const amounts = { total: 0, lifted: 0, floor: 0, before: 0, recent: 0, recentAt: 0 };
  return { depth, entity, ...amounts, levelledAt: -Infinity, servedAt: -Infinity, below: new Map() };
}

/** The entity without what lies below this depth. */
function entityAt({ vo, group, ownerSubject, owner }: NamedEntity, depth: number): NamedEntity {
  return {
    vo: depth > 0 ? vo : '',
    group: depth > 1 ? group : '',
    ownerSubject: depth > 2 ? ownerSubject : '',
    owner: depth > 2 ? owner : '',
  };
}
