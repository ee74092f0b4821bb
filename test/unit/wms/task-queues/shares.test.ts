import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ShareOrder } from '../../../../src/wms/task-queues/share-order.js';
import { shareDemand } from '../../../../src/wms/task-queues/share-demand.js';
import { compareHeads, taskQueuePriorities } from '../../../../src/wms/task-queues/shares.js';

const queues = (priorities: number[], kinds: string[] = priorities.map((_, at) => `kind ${at}`)) =>
  priorities.map((priority, at) => ({ id: at, priority, kind: kinds[at] ?? '' }));
const valuesOf = (found: Map<number, number>) => [...found.values()].map((value) => Math.round(value * 1e4) / 1e4);

describe.each([0.5, 1, 2])('the priorities of task queues under share %p', (share) => {
  it('are none without queues', () => {
    expect(taskQueuePriorities([], { share, background: false }).size).toBe(0);
  });
  it('are the whole share for each queue when all are of one kind', () => {
    const same = queues([3, 2, 0.3], ['a', 'a', 'a']);
    expect(valuesOf(taskQueuePriorities(same, { share, background: false }))).toEqual([share, share, share]);
  });
  it('are equal parts for equal priorities of different kinds', () => {
    const part = Math.round((share / 3) * 1e4) / 1e4;
    expect(valuesOf(taskQueuePriorities(queues([2, 2, 2]), { share, background: false }))).toEqual([part, part, part]);
  });
  it('are the least there is for background queues, where background is allowed', () => {
    const found = valuesOf(taskQueuePriorities(queues([0.1, 1, 3]), { share, background: true }));
    expect(found).toEqual([0.001, share / 4, (share / 4) * 3]);
    const proportional = valuesOf(taskQueuePriorities(queues([0.1, 0.9]), { share, background: false }));
    expect(proportional).toEqual([Math.round(share * 0.1 * 1e4) / 1e4, Math.round(share * 0.9 * 1e4) / 1e4]);
    expect(valuesOf(taskQueuePriorities(queues([0.1, 0.05]), { share, background: true }))).toEqual([0.001, 0.001]);
  });
  it('are never below the least', () => {
    const found = taskQueuePriorities(queues([1e-5, 1e6]), { share, background: false });
    for (const value of found.values()) expect(value).toBeGreaterThanOrEqual(0.001);
  });
});

describe('the picking order', () => {
  const entity = (group: string, ownerSubject: string, turn: { group: number; owner: number }) => ({
    entity: { vo: 'lhcb', group, ownerSubject, owner: ownerSubject },
    turn: { vo: 0, ...turn },
  });

  it('goes by the use of the group, then of the owner, then by name', () => {
    const entities = [
      entity('g1', 'o1', { group: 10, owner: 1 }),
      entity('g2', 'o3', { group: 5, owner: 9 }),
      entity('g2', 'o2', { group: 5, owner: 2 }),
      entity('g3', 'o5', { group: 5, owner: 0 }),
      entity('g2', 'o0', { group: 5, owner: 2 }),
    ];
    const turns = new Map(entities.map((one) => [one.entity.ownerSubject, one.turn]));
    const order = new ShareOrder();
    order.begin(() => (of) => turns.get(of.ownerSubject) ?? { vo: 0, group: 0, owner: 0 }, 0);
    for (const one of entities) order.enter(one.entity);
    const found: string[] = [];
    for (const { owners } of order.groupsOf('lhcb')) owners.from(null, ({ name }) => found.push(name) < 0);
    expect(found).toEqual(['o0', 'o2', 'o3', 'o5', 'o1']);
  });

  it('goes within an entity by priority, then by age', () => {
    const heads = [
      { headPriority: 0, headJob: 1 },
      { headPriority: 10, headJob: 9 },
      { headPriority: 5, headJob: 7 },
      { headPriority: 5, headJob: 3 },
    ];
    expect(heads.toSorted(compareHeads).map(({ headJob }) => headJob)).toEqual([9, 3, 7, 1]);
  });
});

describe('demand', () => {
  it('goes first to pilots that are on offer, then by room', () => {
    const takers = [
      { key: 'a', onOffer: 4, room: 10 },
      { key: 'b', onOffer: 0, room: 30 },
    ];
    expect(Object.fromEntries(shareDemand(takers, [{ cores: 24, takers: ['a', 'b'] }]))).toEqual({ a: 4 + 5, b: 15 });
    expect(Object.fromEntries(shareDemand(takers, [{ cores: 3, takers: ['a', 'b'] }]))).toEqual({ a: 3, b: 0 });
  });

  it('is never more than what waits, whole, and within the room of each queue', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const taker = fc.record({ key, onOffer: fc.nat(20), room: fc.nat(50) });
    const demanded = fc.record({ cores: fc.nat(100), takers: fc.uniqueArray(key) });
    const input = [fc.uniqueArray(taker, { selector: (one) => one.key }), fc.array(demanded)] as const;
    fc.assert(
      fc.property(...input, (takers, classes) => {
        const shares = shareDemand(takers, classes);
        const sum = [...shares.values()].reduce((total, cores) => total + cores, 0);
        const reachable = classes.filter((one) => one.takers.some((name) => takers.some((of) => of.key === name)));
        expect(sum).toBeLessThanOrEqual(reachable.reduce((total, { cores }) => total + cores, 0));
        for (const { key: name, onOffer, room } of takers) {
          const share = shares.get(name) ?? 0;
          expect(Number.isInteger(share)).toBe(true);
          expect(share).toBeLessThanOrEqual(onOffer + room);
        }
      }),
    );
  });

  it('is met in full where there is room for it', () => {
    const takers = [
      { key: 'a', onOffer: 0, room: 7 },
      { key: 'b', onOffer: 0, room: 5 },
    ];
    const shares = shareDemand(takers, [{ cores: 11, takers: ['a', 'b'] }]);
    expect([...shares.values()].reduce((sum, cores) => sum + cores, 0)).toBe(11);
  });
});
