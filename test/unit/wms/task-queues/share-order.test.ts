import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ShareOrder } from '../../../../src/wms/task-queues/share-order.js';
import { addTo, shareKeys } from '../../../../src/wms/task-queues/share-keys.js';
import { compareTurns, type NamedEntity, type Turn } from '../../../../src/wms/task-queues/shares.js';
import { tries } from '../../../support/properties.js';

const names = ['a', 'b', 'c'];
const entities: NamedEntity[] = names.flatMap((vo) =>
  names.flatMap((group) => names.map((owner) => ({ vo, group, ownerSubject: `${vo}:${owner}`, owner }))),
);
const byTurn = (used: ReadonlyMap<string, number>) => (of: NamedEntity): Turn => {
  const [vo, group, owner] = shareKeys(of).map((key) => Math.round(used.get(key) ?? 0));
  return { vo: vo ?? 0, group: group ?? 0, owner: owner ?? 0 };
}; // prettier-ignore

/** The entities of a VO as the order has them. */
function inOrder(order: ShareOrder, vo: string): NamedEntity[] {
  return order.groupsOf(vo).flatMap(({ owners }) => {
    const found: NamedEntity[] = [];
    owners.from(null, ({ entity }) => {
      found.push(entity);
      return false;
    });
    return found;
  });
}

describe('the order of share entities', () => {
  it('is that of their turns, however use is planned, comes to nothing or settles', () => {
    const entity = fc.constantFrom(...entities);
    const steps = fc.array(fc.tuple(entity, fc.integer({ min: -3, max: 5 }), fc.constantFrom('plan', 'settle')), {
      maxLength: 30,
    });
    const some = fc.uniqueArray(entity, { maxLength: entities.length });
    const property = fc.property(some, some, steps, (listed, leaving, changes) => {
      // What is settled, and what is planned beside.
      const used = new Map<string, number>();
      const planned = new Map<string, number>();
      const order = new ShareOrder();
      order.begin(
        (more) => (of) => {
          const sum = new Map(used);
          for (const [key, amount] of more) sum.set(key, (sum.get(key) ?? 0) + amount);
          return byTurn(sum)(of);
        },
        0,
      );
      const standing = listed.map((one) => order.enter(one));
      for (const one of standing) if (leaving.includes(one.entity)) order.leave(one);
      const left = listed.filter((one) => !leaving.includes(one));
      for (const [whose, amount, kind] of changes) {
        order.plan(whose, amount);
        addTo(kind === 'settle' ? used : planned, whose, amount);
        if (kind === 'settle') order.settle(whose, amount);
        const sum = new Map(used);
        for (const [key, more] of planned) sum.set(key, (sum.get(key) ?? 0) + more);
        const turnOf = byTurn(sum);
        const compare = (a: NamedEntity, b: NamedEntity): number =>
          compareTurns({ turn: turnOf(a).group, name: a.group }, { turn: turnOf(b).group, name: b.group }) ||
          compareTurns(
            { turn: turnOf(a).owner, name: a.ownerSubject },
            { turn: turnOf(b).owner, name: b.ownerSubject },
          );
        for (const vo of names) {
          expect(inOrder(order, vo)).toEqual(left.filter((one) => one.vo === vo).toSorted(compare));
        }
      }
    });
    fc.assert(property, tries(200));
  });
});
