import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Shares } from '../../../../src/wms/task-queues/share-keys.js';
import { type LedgerTerms, ShareLedger } from '../../../../src/wms/task-queues/share-ledger.js';
import { compareTurns, type NamedEntity } from '../../../../src/wms/task-queues/shares.js';

const day = 86_400;
const terms: LedgerTerms = { halfLifeSeconds: 7 * day, creditSeconds: 3_600 };
const owners: NamedEntity[] = ['a', 'b'].flatMap((vo) =>
  ['g', 'h'].flatMap((group) =>
    ['x', 'y', 'z'].map((owner) => ({ vo, group, ownerSubject: `${vo}${group}${owner}`, owner })),
  ),
);
const shareOf: Record<string, number> = { a: 3, b: 1, g: 1, h: 4, x: 1, y: 2, z: 5 };
const sharesOf = ({ vo, group, owner }: NamedEntity): Shares => [
  shareOf[vo] ?? 1,
  shareOf[group] ?? 1,
  shareOf[owner] ?? 1,
];

/** A place where one job after the other is taken, by whose turn it is, and which counts who got what. */
class Counter {
  readonly ledger = new ShareLedger(terms, sharesOf, 0);
  readonly got = new Map<NamedEntity, number>();
  now = 0;
  private picks = 0;

  /** Serves the one whose turn it is. */
  pick(active: readonly NamedEntity[], charge: number): NamedEntity {
    const turnOf = this.ledger.turns(this.now);
    const places = active.map((entity) => {
      const { vo, group, owner } = turnOf(entity);
      const levels = [
        { turn: vo, name: entity.vo },
        { turn: group, name: entity.group },
        { turn: owner, name: entity.ownerSubject },
      ] as const;
      return { entity, levels };
    });
    places.sort(
      (a, b) =>
        compareTurns(a.levels[0], b.levels[0]) ||
        compareTurns(a.levels[1], b.levels[1]) ||
        compareTurns(a.levels[2], b.levels[2]),
    );
    const [first] = places;
    if (first === undefined) throw new Error('Nobody is active');
    this.ledger.charge(first.entity, charge, this.now);
    this.got.set(first.entity, (this.got.get(first.entity) ?? 0) + charge);
    this.picks += 1;
    if (this.picks % 7 === 0) this.ledger.level(this.now);
    return first.entity;
  }

  of(chosen: (entity: NamedEntity) => boolean): number {
    return owners.filter(chosen).reduce((sum, entity) => sum + (this.got.get(entity) ?? 0), 0);
  }
}

const charges = fc.integer({ min: 1, max: 50 });
/** Times in which some have work, with the length of a pause before. */
const phase = fc.record({
  active: fc.subarray(owners, { minLength: 1 }),
  picks: fc.integer({ min: 1, max: 300 }),
  pauseDays: fc.constantFrom(0, 0.01, 3, 60),
});
const history = fc.array(phase, { maxLength: 6 });

function live(counter: Counter, phases: readonly { active: NamedEntity[]; picks: number; pauseDays: number }[]): void {
  for (const { active, picks, pauseDays } of phases) {
    counter.now += pauseDays * day;
    for (let at = 0; at < picks; at += 1) {
      counter.pick(active, 1 + (at % 50));
      counter.now += 30;
    }
    counter.ledger.level(counter.now);
  }
}

describe('whose turn it is', () => {
  it('leaves nobody with work waiting for long, whatever has been before', () => {
    const property = fc.property(history, (phases) => {
      const counter = new Counter();
      live(counter, phases);
      const missing = new Set(owners);
      // In one round of equal turns an owner with share 1 waits for 2 × 4 × 5 times its own largest charge of others.
      let picks = 0;
      for (; missing.size > 0 && picks < 20_000; picks += 1) missing.delete(counter.pick(owners, 1 + (picks % 50)));
      expect(picks).toBeLessThan(8_000);
    });
    fc.assert(property, { numRuns: 40 });
  });

  it('gives what is configured, within 2 % on each level, while all have work', () => {
    const property = fc.property(history, fc.array(charges, { minLength: 5, maxLength: 20 }), (phases, sizes) => {
      const counter = new Counter();
      live(counter, phases);
      const go = (picks: number): void => {
        for (let at = 0; at < picks; at += 1) {
          counter.pick(owners, sizes[at % sizes.length] ?? 1);
          counter.now += 1;
        }
      };
      go(8_000);
      counter.got.clear();
      go(20_000);
      const parts = [
        [counter.of(({ vo }) => vo === 'a') / counter.of(() => true), 3 / 4],
        [counter.of(({ vo, group }) => vo === 'a' && group === 'h') / counter.of(({ vo }) => vo === 'a'), 4 / 5],
        [
          counter.of(({ ownerSubject }) => ownerSubject === 'ahz') /
            counter.of(({ vo, group }) => vo === 'a' && group === 'h'),
          5 / 8,
        ],
      ] as const;
      for (const [part, share] of parts) expect(Math.abs(part / share - 1)).toBeLessThan(0.02);
    });
    fc.assert(property, { numRuns: 6 });
  });

  it('is kept by a place so small that hours pass between two jobs', () => {
    const counter = new Counter();
    const two = owners.filter(({ ownerSubject }) => ['ahx', 'ahz'].includes(ownerSubject));
    for (let at = 0; at < 600; at += 1) {
      counter.now += 4 * 3_600;
      counter.pick(two, 4 * 3_600);
      counter.ledger.level(counter.now);
    }
    const part = counter.of(({ owner }) => owner === 'z') / counter.of(() => true);
    expect(Math.abs(part / (5 / 6) - 1)).toBeLessThan(0.02);
  });

  it('is soon the others’ again when one returns after weeks, or many do', () => {
    const busy = owners.filter(({ owner }) => owner !== 'y');
    for (const returning of [owners.filter(({ ownerSubject }) => ownerSubject === 'agy'), owners]) {
      const counter = new Counter();
      for (let at = 0; at < 20 * day; at += 60) {
        counter.now = at;
        counter.pick(busy, 60);
      }
      counter.got.clear();
      let alone = 0;
      const active = [...new Set([...busy, ...returning])];
      while (counter.of(({ owner }) => owner !== 'y') === 0) {
        counter.pick(active, 60);
        counter.now += 60;
        alone += 1;
      }
      expect(alone).toBeLessThanOrEqual(60);
    }
  });

  it('goes by use also for whom nothing fits for a while, with no more credit than after a pause', () => {
    const counter = new Counter();
    const [rare, ...others] = owners.filter(({ vo, group }) => vo === 'a' && group === 'g');
    if (rare === undefined) throw new Error('There is an owner');
    for (let at = 0; at < 10 * day; at += 60) {
      counter.now = at;
      // Once an hour something comes by that fits it too.
      counter.pick(at % 3_600 === 0 ? [rare, ...others] : others, 60);
    }
    counter.got.clear();
    for (let at = 0; at < 240; at += 1) counter.pick([rare, ...others], 60);
    expect(counter.of((entity) => entity !== rare)).toBeGreaterThan(120 * 60);
  });

  it('does not depend on the order in which entities are listed, or in which their use is read', () => {
    const order = fc.shuffledSubarray(owners, { minLength: owners.length, maxLength: owners.length });
    const before = fc.tuple(charges, charges, charges);
    const used = fc.tuple(charges, charges, fc.option(fc.record({ at: fc.integer({ min: -3, max: 0 }), before })));
    const uses = fc.array(used, { minLength: owners.length, maxLength: owners.length });
    const property = fc.property(order, uses, (listed, recorded) => {
      const [one, other] = [new Counter(), new Counter()];
      for (const [counter, list] of [
        [one, owners],
        [other, listed],
      ] as const) {
        for (const entity of list) {
          const [amount, recent, served] = recorded[owners.indexOf(entity)] ?? [0, 0, null];
          counter.ledger.restore({ entity, used: amount + recent, recent, served }, 0);
        }
        counter.ledger.level(0);
      }
      for (let at = 0; at < 100; at += 1) expect(one.pick(owners, 3)).toBe(other.pick(listed, 3));
    });
    fc.assert(property, { numRuns: 50 });
  });
});

describe('what is written down', () => {
  it('gives the same turns when it is read again', () => {
    const property = fc.property(history, (phases) => {
      const counter = new Counter();
      live(counter, phases);
      const rows = counter.ledger.level(counter.now);
      const again = new ShareLedger(terms, sharesOf, counter.now);
      const all = new Map(
        rows.map((row) => [row.depth + row.entity.ownerSubject + row.entity.group + row.entity.vo, row]),
      );
      expect(all.size).toBe(rows.length);
      for (const row of rows) again.restoreLevel(row);
      for (const row of rows) again.restoreLevel(row);
      for (const row of rows.filter(({ depth }) => depth === 3)) {
        expect(again.usedBy(row.entity, counter.now)[2]).toBeCloseTo(row.lifted, 3);
      }
    });
    fc.assert(property, { numRuns: 30 });
  });

  it('halves in a half-life', () => {
    const ledger = new ShareLedger(terms, () => [1, 1, 1], 0);
    const [entity] = owners;
    if (entity === undefined) throw new Error('There is an owner');
    ledger.charge(entity, 100, 0);
    expect(ledger.usedBy(entity, 14 * day)).toEqual([25, 25, 25]);
    // Long after, when the numbers have grown out of all bounds.
    ledger.charge(entity, 100, 700 * day);
    ledger.level(700 * day);
    expect(ledger.usedBy(entity, 707 * day)[0]).toBeCloseTo(50, 6);
  });
});
