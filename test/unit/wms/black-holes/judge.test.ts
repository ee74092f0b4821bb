import { describe, expect, it } from '@jest/globals';
import { binomialTail } from '../../../../src/wms/black-holes/binomial.js';
import type { Evidence } from '../../../../src/wms/black-holes/evidence.js';
import { judge } from '../../../../src/wms/black-holes/judge.js';
import { evidenceOf, failed, rules, well } from './evidence.js';

const two = ['p1', 'p2'];
const blamed = (evidence: Evidence, standing: string[] = []): string[] =>
  judge(evidence, rules, new Set(standing)).map(({ level, name }) => `${level} ${name}`);
const nodes = (first: number, last: number, wish = {}, count = 20) =>
  Array.from({ length: last - first + 1 }, (_, index) => well(count, { ...wish, host: `node${first + index}` }));

describe('a judge of places', () => {
  it('blames the host that loses what others run well, and says why', () => {
    const [blame] = judge(evidenceOf([failed(7, { pilots: two, seconds: 39.2 })], nodes(2, 11)), rules);
    expect(blame).toMatchObject({ level: 'host', name: 'x/node1', cause: 'lost', certain: true });
    expect(blame?.reason).toBe('7 of 7 jobs on host x/node1 lost within 40 s; others at x: 0 of 200');
  });

  const table: [string, Evidence, string[]][] = [
    ['nothing without evidence', evidenceOf([], []), []],
    ['nothing when all is well', evidenceOf([], nodes(1, 50)), []],
    ['nobody for a handful of failures', evidenceOf([failed(4, { pilots: two })], nodes(2, 9)), []],
    ['nobody for failures among many that went well', evidenceOf([failed(6)], nodes(1, 9)), []],
    ['the pilot, when the other pilots of its host do well', evidenceOf([failed(8, { pilot: 'p1' })], [well(10, { pilot: 'p2' }), ...nodes(2, 5)]), ['pilot p1']],
    ['the pilot, when it was the only one on its host', evidenceOf([failed(8, { pilot: 'p1' })], nodes(2, 5)), ['pilot p1']],
    ['the CE, when all its hosts fail and those of its neighbour do not', evidenceOf(['a', 'b', 'c', 'd'].map((host) => failed(6, { host, pilots: two.map((p) => p + host), ce: 'bad' })), nodes(1, 8)), ['ce x/bad']],
    ['the site, when all its CEs fail and other sites do well', evidenceOf(['a', 'b'].flatMap((ce) => ['1', '2', '3'].map((host) => failed(6, { host: ce + host, ce, pilot: ce + host }))), nodes(1, 8, { site: 'y' })), ['site x']],
    ['both of two bad hosts', evidenceOf([failed(20, { host: 'a', pilots: ['a1', 'a2'] }), failed(6, { host: 'b', pilots: ['b1', 'b2'] })], nodes(1, 4, {}, 7)), ['host x/a', 'host x/b']],
    ['nobody when everybody fails alike', evidenceOf(['a', 'b', 'c'].flatMap((site) => ['1', '2'].map((host) => failed(9, { host, site, pilots: [site + host, `${site}${host}o`] }))), []), []],
    ['nobody for one job that is lost wherever it runs', evidenceOf(['1', '2', '3', '4', '5', '6', '7', '8'].map((n) => failed(3, { host: `node${n}`, job: 99_999_999 })), nodes(1, 8, {}, 3)), []],
    ['nobody for the work of one owner that is lost everywhere', evidenceOf(['1', '2', '3', '4'].map((n) => failed(9, { host: `node${n}`, owner: 'mallory', pilots: [`a${n}`, `b${n}`] })), nodes(1, 4, {}, 4)), []],
    ['no host for work of one owner that ran nowhere else', evidenceOf([failed(9, { owner: 'mallory', pilots: two })], nodes(2, 9)), []],
    ['the host for work of several owners, even if it ran nowhere else', evidenceOf([failed(9, { owner: 'mallory', pilots: two }), failed(3, { owner: 'eve', pilots: two })], nodes(2, 9)), ['host x/node1']],
    ['nobody for what its past was like', evidenceOf([failed(9, { pilots: two })], [well(20, { pilot: 'p1' }), well(20, { pilot: 'p2' }), ...nodes(2, 4)], { 'host x/node1': { ended: 1_000, lost: 170, failed: 0 } }), []],
    ['a place that was always bad', evidenceOf([failed(9, { pilots: two })], nodes(2, 4), { 'host x/node1': { ended: 1_000, lost: 900, failed: 0 } }), ['host x/node1']],
    ['the host where payloads of several works fail at once', evidenceOf([failed(6, { pilots: two, cause: 'failed' }), failed(3, { pilots: two, cause: 'failed', owner: 'eve' })], [...nodes(2, 6), ...nodes(2, 6, { owner: 'eve' })]), ['host x/node1']],
    ['a host that gets nearly all of a work and fails it', evidenceOf([failed(500, { pilots: two, cause: 'failed' })], nodes(2, 6, {}, 4)), ['host x/node1']],
    ['nobody when payloads of a work fail wherever they run', evidenceOf(['1', '2', '3', '4', '5'].map((n) => failed(30, { host: `node${n}`, cause: 'failed', pilots: [`a${n}`, `b${n}`] })), nodes(1, 5, {}, 9)), []],
    ['nobody for a few payloads of one work', evidenceOf([failed(6, { pilots: two, cause: 'failed' })], nodes(2, 6)), []],
  ]; // prettier-ignore
  it.each(table)('blames %s', (_, evidence, expected) => {
    expect(blamed(evidence).toSorted()).toEqual(expected);
  });

  it('judges neither what is set aside already nor a CE for its hosts that are', () => {
    const bad = ['a', 'b', 'c'].map((host) => failed(9, { host, ce: 'old', pilots: [`${host}1`, `${host}2`] }));
    const evidence = evidenceOf(bad, [...nodes(1, 9, { ce: 'old' }, 5), ...nodes(10, 19)]);
    expect(blamed(evidence, ['host x/a', 'host x/b', 'host x/c'])).toEqual([]);
  });

  it('names the host when the next pilot on it fails too', () => {
    const evidence = evidenceOf([failed(6, { pilot: 'p1' }), failed(4, { pilot: 'p2' })], nodes(2, 6));
    expect(blamed(evidence, ['pilot p1'])).toEqual(['host x/node1']);
  });

  it('is not certain of a CE when all is one owner’s and nothing of it ran elsewhere', () => {
    const only = evidenceOf(['a', 'b', 'c'].map((host) => failed(6, { host })), []); // prettier-ignore
    expect(judge(only, rules)).toMatchObject([{ level: 'ce', name: 'x/ce', certain: false }]);
  });
});

describe('the binomial tail', () => {
  it('is exact', () => {
    expect(binomialTail(0, 5, 0.3)).toBe(1);
    expect(binomialTail(6, 5, 0.3)).toBe(0);
    expect(binomialTail(5, 5, 0.5)).toBeCloseTo(1 / 32, 12);
    expect(binomialTail(2, 4, 0.5)).toBeCloseTo(11 / 16, 12);
    expect(binomialTail(1, 100_000, 0.5)).toBeCloseTo(1, 9);
    expect(binomialTail(60, 100, 0.5)).toBeCloseTo(0.028443966820, 10); // prettier-ignore
    expect(binomialTail(7, 7, 0.05)).toBeCloseTo(7.8125e-10, 18);
  });
});
