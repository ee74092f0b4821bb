import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ShareOrder } from '../../../../src/wms/matching/share-order.js';
import { addTo, shareKeys } from '../../../../src/wms/task-queues/share-use.js';
import type { NamedEntity, Turn } from '../../../../src/wms/task-queues/shares.js';

const names = ['a', 'b', 'c'];
const entities: NamedEntity[] = names.flatMap((vo) =>
  names.flatMap((group) => names.map((owner) => ({ vo, group, ownerSubject: `${vo}:${owner}`, owner }))),
);

/** The rule, level by level, as one comparison. */
function compare(turnOf: (entity: NamedEntity) => Turn) {
  const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return (a: NamedEntity, b: NamedEntity): number => {
    const [one, other] = [turnOf(a), turnOf(b)];
    return (
      one.vo - other.vo ||
      byName(a.vo, b.vo) ||
      one.group - other.group ||
      byName(a.group, b.group) ||
      one.owner - other.owner ||
      byName(a.ownerSubject, b.ownerSubject)
    );
  };
}

describe('the order of share entities', () => {
  it('is that of their turns, however use grows', () => {
    const entity = fc.constantFrom(...entities);
    const uses = fc.array(fc.tuple(entity, fc.integer({ min: 0, max: 5 })), { maxLength: 30 });
    const some = fc.uniqueArray(entity, { maxLength: entities.length });
    const property = fc.property(some, uses, uses, (listed, before, after) => {
      const used = new Map<string, number>();
      for (const [whose, amount] of before) addTo(used, whose, amount);
      const turnOf = (of: NamedEntity): Turn => {
        const [vo, group, owner] = shareKeys(of).map((key) => used.get(key) ?? 0);
        return { vo: vo ?? 0, group: group ?? 0, owner: owner ?? 0 };
      };
      const order = new ShareOrder(
        listed.map((one) => ({ entity: one })),
        turnOf,
      );
      for (const [whose, amount] of after) {
        addTo(used, whose, amount);
        order.grown(whose);
        expect([...order.inOrder()].map((one) => one.entity)).toEqual(listed.toSorted(compare(turnOf)));
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
