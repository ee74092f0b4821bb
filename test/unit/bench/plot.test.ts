import { describe, expect, it } from '@jest/globals';
import { draw } from '../../../bench/plot.mjs';

const run = (perSecond: number) => ({ unit: 'updates', perSecond, p50Ms: 10, p99Ms: 40, rawPerSecond: 20_000 });
const texts = (svg = ''): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text ?? '');

describe('plots of a bench', () => {
  it('show the median run of each path, its baseline and its latencies, with and without HTTPS', () => {
    const charts = draw([
      { machine: { https: false }, status: run(3_000) },
      { machine: { https: false }, status: run(5_000) },
      { machine: { https: false }, status: run(4_100) },
      { machine: { https: true }, status: run(1_500) },
    ]);
    const rates = texts(charts['performance-rates.svg']);
    expect(rates).toEqual(expect.arrayContaining(['status (updates)', '4,100', '1,500', '20,000', 'goal']));
    expect(rates).not.toContain('3,000');
    expect(texts(charts['performance-latencies.svg'])).toContain('10 to 40');
  });
});
