import { describe, expect, it } from '@jest/globals';
import { competingEntities, fitsOneOf, mainPlaces, queuesBefore } from '../../../../src/wms/explain/competitors.js';
import { WaitingQueues } from '../../../../src/wms/task-queues/waiting-queues.js';
import { asking, resource } from './places.js';

/** Task queues of owners in group `users`, each with its class, requirements and head; dan is in another VO. */
function world() {
  const queues = new WaitingQueues(() => 0);
  const add = (id: number, owner: string, processors: number, [headPriority, headJob]: [number, number]) => {
    const vo = owner === 'dan' ? 'biomed' : 'lhcb';
    const requirements = asking({ min_processors: processors });
    const definition = { id, classId: processors, vo, group: 'users', ownerSubject: owner, owner, requirements };
    queues.put(definition, [{ headPriority, headJob }], true);
    return definition;
  };
  return { queues, add };
}

describe('who competes with a job', () => {
  const small = resource({}, { processors: 2 });

  it('is who could run at one of the places where it could', () => {
    const { queues, add } = world();
    add(1, 'ann', 1, [1, 10]);
    add(2, 'bob', 8, [1, 11]);
    add(3, 'cyd', 2, [1, 12]);
    add(4, 'dan', 1, [1, 13]);
    const competes = fitsOneOf(queues, [small.place]);
    expect(competingEntities(queues, 'lhcb', competes).map(({ owner }) => owner)).toEqual(['ann', 'cyd']);
    expect(competingEntities(queues, 'lhcb', fitsOneOf(queues, []))).toEqual([]);
    expect(competingEntities(queues, 'nobody', competes)).toEqual([]);
  });

  it('goes first among its owner’s jobs with a better head, as far as it competes', () => {
    const { queues, add } = world();
    const queue = add(1, 'ann', 1, [1, 50]);
    add(2, 'ann', 2, [5, 90]);
    add(3, 'ann', 8, [9, 1]);
    add(4, 'ann', 2, [1, 51]);
    add(5, 'bob', 1, [9, 1]);
    const competes = fitsOneOf(queues, [small.place, resource({}, { processors: 3 }).place]);
    const head = { headPriority: 1, headJob: 50 };
    expect(queuesBefore(queues, { queue, head, most: 9 }, competes)).toEqual([2]);
    expect(queuesBefore(queues, { queue, head: { headPriority: 0, headJob: 1 }, most: 9 }, competes)).toEqual([2, 4]);
    expect(queuesBefore(queues, { queue, head: { headPriority: 0, headJob: 1 }, most: 1 }, competes)).toEqual([2]);
    expect(queuesBefore(queues, { queue: { ...queue, ownerSubject: 'new' }, head, most: 9 }, competes)).toEqual([]);
  });

  it('is judged at open places, those with most pilots first', () => {
    const many = resource({}, { processors: 4 }, { pilots: 9 });
    const closed = resource({}, {}, { verdict: 'closed' });
    const probing = resource({}, {}, { verdict: 'tests-only' });
    expect(mainPlaces([small, many, closed, probing], 'user')).toEqual([many.place, small.place]);
    expect(mainPlaces([closed, probing], 'test')).toEqual([probing.place]);
  });
});
