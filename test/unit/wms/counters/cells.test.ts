import { describe, expect, it } from '@jest/globals';
import { type Cell, type CountChange, moveBetween, sumUp } from '../../../../src/wms/counters/cells.js';

const cell = (status: string, site = 'ANY'): Cell =>
  Object.freeze({
    vo: 'lhcb',
    owner: 'alice',
    owner_subject: 'lhcb:alice',
    owner_group: 'u',
    job_group: 'g',
    job_type: 'User',
    site,
    status,
  });
const change = (status: string, jobs: number, site?: string): CountChange =>
  Object.freeze({ cell: cell(status, site), jobs });

describe('Changes of counts', () => {
  it('are summed by cell, and what comes to nothing is left out', () => {
    const changes = [change('Waiting', 1), change('Waiting', 2), change('Done', 1, 'A'), change('Done', -1, 'A')];
    expect(sumUp(changes)).toEqual([{ cell: cell('Waiting'), jobs: 3 }]);
  });

  it('stay as they are, so that a transaction that is tried again counts the same', () => {
    // A write to what is frozen throws.
    const changes = Object.freeze([change('Waiting', -1), change('Matched', 1), change('Waiting', -1)]);
    const first = sumUp(changes);
    const expected = [change('Waiting', -2), change('Matched', 1)];
    expect(first).toEqual(expected);
    expect(sumUp(changes)).toEqual(expected);
    expect(sumUp([...first, ...first])).toEqual([change('Waiting', -4), change('Matched', 2)]);
    expect(first).toEqual(expected);
  });

  it('of a job that stays where it is are none', () => {
    expect(moveBetween(cell('Done'), cell('Done'))).toEqual([]);
    expect(moveBetween(cell('Waiting'), cell('Matched', 'A'))).toEqual([
      change('Waiting', -1),
      change('Matched', 1, 'A'),
    ]);
  });
});
