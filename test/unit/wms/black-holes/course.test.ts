import { describe, expect, it } from '@jest/globals';
import { bannedUntil, type Hole, nextStep } from '../../../../src/wms/black-holes/course.js';
import type { Probe } from '../../../../src/wms/black-holes/probes.sql.js';
import { rules } from './evidence.js';

const hole: Hole = {
  level: 'host',
  name: 'x/n',
  site: 'x',
  state: 'Probing',
  cause: 'lost',
  reason: 'test',
  changedAt: 0,
  until: 1_000,
  relapses: 0,
};
const well: Probe = { ended: 1, failureClass: null, seconds: 5 };
const lost: Probe = { ended: 1, failureClass: 'infrastructure', seconds: 5 };
const held = (seconds: number): Probe => ({ ended: 0, failureClass: null, seconds });
const payload = (seconds: number): Probe => ({ ended: 1, failureClass: 'payload', seconds });

describe('the way back of a place that was set aside', () => {
  const table: [string, Partial<Hole>, Probe[], number, string][] = [
    ['stays banned until its time is over', { state: 'Banned' }, [], 999, 'stay'],
    ['is tried then', { state: 'Banned' }, [], 1_000, 'probe'],
    ['is let go when enough jobs ended well', {}, [well, well, payload(1)], 5, 'release'],
    ['stays on probation when too few did', {}, [well, well, held(599)], 5, 'stay'],
    ['is let go when one has been held for long', {}, [well, well, held(600)], 5, 'release'],
    ['does not count jobs that somebody killed', {}, [well, well, { ...lost, failureClass: 'killed' }], 5, 'stay'],
    ['is banned again when one job is lost', {}, [well, well, well, lost], 5, 'relapse'],
    ['may lose one job as a CE', { level: 'ce' }, [well, well, well, lost], 5, 'release'],
    ['may not lose two as a site', { level: 'site' }, [well, well, well, lost, lost], 5, 'relapse'],
    [
      'is banned again when payloads fail at once, where that was why',
      { cause: 'failed' },
      [payload(60)],
      5,
      'relapse',
    ],
    ['stays on probation when payloads fail late', { cause: 'failed' }, [payload(61)], 5, 'stay'],
    ['is let go when nobody wanted it for long', {}, [], 1_000, 'release'],
    ['is watched', { state: 'Released' }, [], 999, 'stay'],
    ['is forgotten after good behaviour', { state: 'Released' }, [], 1_000, 'forget'],
  ];
  it.each(table)('%s', (...[, given, probes, now, expected]) => {
    expect(nextStep({ ...hole, ...given }, probes, rules, now).kind).toBe(expected);
  });

  it('takes twice as long after each relapse, up to a day', () => {
    const seconds = [0, 1, 2, 6, 7, 500].map((relapses) => bannedUntil(0, relapses, rules) / 1_000);
    expect(seconds).toEqual([900, 1_800, 3_600, 57_600, 86_400, 86_400]);
  });
});
