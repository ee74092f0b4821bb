import { beforeEach, describe, expect, it } from '@jest/globals';
import { RecentLosses } from '../../../../src/wms/black-holes/recent-losses.js';
import { rules } from './evidence.js';

describe('recent losses', () => {
  let losses: RecentLosses;
  beforeEach(() => {
    losses = new RecentLosses();
    for (const host of ['x/n', 'x/m', 'x/o']) losses.uses(host);
  });
  const lose = (job: number, { now = 0, pilot = 'p', host = 'n', seconds = 1 } = {}): void =>
    losses.lost({ job, site: 'x', host, pilot, seconds }, rules, now);
  const braked = (now = 0, pilot = 'p', host: string | null = 'x/n'): string | null => {
    const on = losses.brakeOn(pilot, host, now);
    return on === null ? null : `${on.level} ${on.name}`;
  };

  it('brake a host when it has lost enough different jobs soon, whichever pilot lost them', () => {
    for (let job = 1; job < 5; job += 1) lose(job, { pilot: `p${job}` });
    expect(braked()).toBeNull();
    lose(4, { pilot: 'p5' });
    expect(braked()).toBeNull();
    lose(5, { pilot: 'p5' });
    expect(braked()).toBe('host x/n');
    expect(braked(0, 'p1', 'x/other')).toBeNull();
    expect(losses.brakeOn('p', 'x/n', 0)?.reason).toContain('lost 5 jobs');
  });

  it('hold nothing back where there are no other hosts', () => {
    losses = new RecentLosses();
    losses.uses('x/n');
    losses.uses('x/m');
    for (let job = 1; job <= 5; job += 1) lose(job);
    expect(braked()).toBeNull();
    expect(losses.lostSince('p', 'x/n', 0)).toBeUndefined();
    losses.uses('x/o');
    expect(braked()).toBe('pilot p');
  });

  it('brake the pilot where the host is not known', () => {
    for (let job = 1; job <= 5; job += 1) lose(job, { host: '' });
    expect(braked(0, 'p', null)).toBe('pilot p');
    expect(braked(0, 'other', null)).toBeNull();
  });

  it('let go after the pause; then one more loss is enough, until they are forgotten', () => {
    for (let job = 1; job <= 5; job += 1) lose(job);
    expect(braked(29_999)).toBe('pilot p');
    expect(braked(30_000)).toBeNull();
    lose(6, { now: 40_000 });
    expect(braked(69_999)).toBe('pilot p');
    lose(7, { now: 1_000_000 });
    expect(braked(1_000_000)).toBeNull();
  });

  it('do not count what was lost late, and are made up for by what ends otherwise', () => {
    lose(1, { seconds: 61 });
    expect(losses.isEmpty(rules, 0)).toBe(true);
    for (let job = 1; job <= 4; job += 1) lose(job);
    losses.ended('p', rules);
    lose(5);
    expect(braked()).toBeNull();
    lose(6);
    expect(braked()).toBe('pilot p');
    expect(losses.lostSince('p', 'x/n', 0)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    losses.ended('somebody else', rules);
    losses.ended('p', rules);
    expect(braked(0, 'other')).toBeNull();
  });

  it('tell for a while which jobs their place shall not get again', () => {
    lose(7, { now: 1_000 });
    expect(losses.lostSince('other', 'x/n', 0)).toEqual(new Set([7]));
    expect(losses.lostSince('p', null, 0)).toEqual(new Set([7]));
    expect(losses.lostSince('other', 'x/other', 0)).toBeUndefined();
    expect(losses.lostSince('p', 'x/n', 1_001)).toBeUndefined();
    expect(losses.isEmpty(rules, 301_000)).toBe(false);
    expect(losses.isEmpty(rules, 301_001)).toBe(true);
    expect(losses.lostSince('p', 'x/n', 0)).toBeUndefined();
  });
});
