import { describe, expect, it } from '@jest/globals';
import { keyOf, type Limit } from '../../../../src/wms/limits/limit.js';
import { type Slot, type SlotOrder, SlotStock } from '../../../../src/wms/limits/slot-stock.js';

const limit = (site: string, maximum = 5): Limit => {
  const scope = { site };
  return { key: keyOf(scope, null), scope, maximum, window: null, rule: 'here' };
};

/** Has so many slots of each limit; remembers what it was asked for. */
function source(left: Record<string, number>) {
  const asked: [string, number][] = [];
  const take = (orders: readonly SlotOrder[]): Promise<Slot[][]> =>
    Promise.resolve(
      orders.map(({ limit: of, count }) => {
        const site = of.scope.site ?? '';
        asked.push([site, count]);
        const given = Math.min(count, left[site] ?? 0);
        left[site] = (left[site] ?? 0) - given;
        return Array.from({ length: given }, (_, number) => ({ limit: of, limitId: 1, number }));
      }),
    );
  return { stock: new SlotStock({ take }), asked };
}

describe('the stock of slots', () => {
  it('gives a slot of every limit or of none, and hands out each once', async () => {
    const [a, b] = [limit('a'), limit('b')];
    const { stock } = source({ a: 2, b: 1 });
    expect(stock.take([a, b])).toBe(false);
    stock.order([a, b], 2);
    expect(await stock.restock()).toBe(true);
    expect(stock.take([a, b])).toBe(true);
    expect(stock.take([a, b])).toBe(false);
    expect(stock.take([a])).toBe(true);
    expect(stock.use([a, b])).toHaveLength(2);
    expect(stock.use([a, b])).toHaveLength(1);
    expect(stock.use([a, b])).toEqual([]);
  });

  it('knows who has no more, and takes back what was not needed', async () => {
    const a = limit('a');
    const { stock } = source({ a: 1 });
    stock.order([a], 3);
    await stock.restock();
    expect(stock.mayHave([a])).toBe(true);
    stock.take([a]);
    expect(stock.mayHave([a])).toBe(false);
    expect(stock.exhausted()).toEqual([a]);
    stock.back([a]);
    expect(stock.mayHave([a])).toBe(true);
    expect(stock.exhausted()).toEqual([]);
  });

  it('asks for what is lacking only, never of a limit that is empty or that lets nothing run', async () => {
    const [a, none] = [limit('a'), limit('none', 0)];
    const { stock, asked } = source({ a: 3 });
    stock.order([a], 2);
    await stock.restock();
    stock.order([a, none], 4);
    await stock.restock();
    stock.order([a, none], 4);
    expect(await stock.restock()).toBe(false);
    expect(asked).toEqual([
      ['a', 2],
      ['a', 2],
    ]);
    expect(stock.mayHave([none])).toBe(false);
  });
});
