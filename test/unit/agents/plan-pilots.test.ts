import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Caps, type PlannedQueue, planPilots } from '../../../src/agents/site-director/plan-pilots.js';

const queue = (over: Partial<PlannedQueue> = {}): PlannedQueue => ({
  key: 'vo/a/ce/q',
  vo: 'vo',
  site: 'a',
  place: 'a/ce/q',
  demand: 0,
  onOffer: 0,
  waiting: 0,
  processors: 1,
  circuit: 'closed',
  probes: null,
  ...over,
});
const caps = (over: { queue?: object; site?: number; vo?: number } = {}): Caps => ({
  queues: new Map([['a/ce/q', { maxWaiting: 100, maxPilots: 100, waiting: 0, live: 0, ...over.queue }]]),
  sites: new Map([['a', { maxPilots: over.site ?? 100, live: 0 }]]),
  vos: new Map([['vo', { maxPilots: over.vo ?? 100, live: 0 }]]),
});
const planned = (one: PlannedQueue, limits = caps()): number => planPilots([one], limits).get(one.key) ?? 0;

describe('The plan of the site director', () => {
  it.each([
    [0, 0, 0],
    [10, 0, 10],
    [10, 5, 5],
    [10, 10, 0],
    [10, 20, 0],
  ])('for %d wanted cores and %d on offer is %d pilots', (demand, onOffer, pilots) => {
    expect(planned(queue({ demand, onOffer }))).toBe(pilots);
  });

  it('counts cores, not jobs: eight cores are one pilot of eight, nine are two', () => {
    expect(planned(queue({ demand: 8, processors: 8 }))).toBe(1);
    expect(planned(queue({ demand: 9, processors: 8 }))).toBe(2);
  });

  it('keeps to the waiting and live pilots that a queue may have', () => {
    expect(planned(queue({ demand: 50 }), caps({ queue: { maxWaiting: 10, waiting: 7 } }))).toBe(3);
    expect(planned(queue({ demand: 50 }), caps({ queue: { maxPilots: 20, live: 18 } }))).toBe(2);
    expect(planned(queue({ demand: 50 }), caps({ queue: { maxPilots: 20, live: 25 } }))).toBe(0);
  });

  it('keeps to what the CE would take, to the site and to the VO', () => {
    expect(planned(queue({ demand: 50 }), caps({ queue: { freeSlots: 4 } }))).toBe(4);
    expect(planned(queue({ demand: 50 }), caps({ site: 6 }))).toBe(6);
    expect(planned(queue({ demand: 50 }), caps({ vo: 5 }))).toBe(5);
  });

  it('sends nothing to a queue whose circuit is open, and one probe at a time while it is half open', () => {
    expect(planned(queue({ demand: 50, circuit: 'open' }))).toBe(0);
    expect(planned(queue({ demand: 50, circuit: 'half-open' }))).toBe(1);
    expect(planned(queue({ demand: 50, circuit: 'half-open', waiting: 1 }))).toBe(0);
  });

  it('sends one pilot at a time to a queue that is being probed', () => {
    expect(planned(queue({ demand: 50, probes: 0 }))).toBe(1);
    expect(planned(queue({ demand: 0, probes: 0 }))).toBe(0);
    expect(planned(queue({ demand: 50, probes: 1 }))).toBe(0);
    expect(planned(queue({ demand: 50, probes: 0, circuit: 'open' }))).toBe(0);
  });

  it('shares a cap among queues by their wishes, so that none starves', () => {
    const two = [queue({ key: 'vo/a/ce/q', demand: 90 }), queue({ key: 'vo/a/ce/r', place: 'a/ce/r', demand: 30 })];
    const limits = caps({ site: 40 });
    const all = {
      ...limits,
      queues: new Map([...limits.queues, ['a/ce/r', { maxWaiting: 100, maxPilots: 100, waiting: 0, live: 0 }]]),
    };
    const plan = planPilots(two, all);
    expect([plan.get('vo/a/ce/q'), plan.get('vo/a/ce/r')]).toEqual([30, 10]);
  });

  const small = fc.integer({ min: 0, max: 40 });
  const anyQueue = fc.record({
    vo: fc.constantFrom('v1', 'v2'),
    site: fc.constantFrom('s1', 's2'),
    name: fc.constantFrom('q1', 'q2', 'q3'),
    demand: small,
    onOffer: small,
    waiting: fc.integer({ min: 0, max: 3 }),
    processors: fc.integer({ min: 1, max: 9 }),
    circuit: fc.constantFrom('closed' as const, 'open' as const, 'half-open' as const),
    probes: fc.constantFrom(null, 0, 1),
  });
  const anySituation = fc
    .record({
      queues: fc.uniqueArray(anyQueue, { selector: ({ vo, site, name }) => `${vo}/${site}/${name}`, maxLength: 12 }),
      limits: fc.array(small, { minLength: 40, maxLength: 40 }),
    })
    .map(({ queues, limits }) => {
      let next = 0;
      const limit = (): number => limits[next++ % limits.length] ?? 0;
      const all = queues.map(({ name, ...rest }) => {
        const place = `${rest.site}/ce/${name}`;
        return { ...rest, place, key: `${rest.vo}/${place}` };
      });
      const capped = (names: string[]) => new Map(names.map((name) => [name, { maxPilots: limit(), live: limit() }]));
      const places = [...new Set(all.map(({ place }) => place))];
      const room = places.map((place) => {
        const cap = { maxWaiting: limit(), maxPilots: limit(), waiting: limit(), live: limit(), freeSlots: limit() };
        return [place, cap] as const;
      });
      return { all, caps: { queues: new Map(room), sites: capped(['s1', 's2']), vos: capped(['v1', 'v2']) } };
    });

  it('never goes above a cap', () => {
    fc.assert(
      fc.property(anySituation, ({ all, caps: limits }) => {
        const plan = planPilots(all, limits);
        const sum = (concerns: (one: PlannedQueue) => boolean): number =>
          all.filter(concerns).reduce((total, { key }) => total + (plan.get(key) ?? 0), 0);
        for (const [place, cap] of limits.queues) {
          const count = sum((one) => one.place === place);
          if (count === 0) continue;
          expect(cap.waiting + count).toBeLessThanOrEqual(cap.maxWaiting);
          expect(cap.live + count).toBeLessThanOrEqual(cap.maxPilots);
          expect(count).toBeLessThanOrEqual(cap.freeSlots);
        }
        for (const [name, cap] of limits.sites) {
          const count = sum(({ site }) => site === name);
          if (count > 0) expect(cap.live + count).toBeLessThanOrEqual(cap.maxPilots);
        }
        for (const [name, cap] of limits.vos) {
          const count = sum(({ vo }) => vo === name);
          if (count > 0) expect(cap.live + count).toBeLessThanOrEqual(cap.maxPilots);
        }
      }),
    );
  });

  it('never sends more cores than are wanted, but for the last pilot of a queue', () => {
    fc.assert(
      fc.property(anySituation, ({ all, caps: limits }) => {
        const plan = planPilots(all, limits);
        for (const one of all) {
          const count = plan.get(one.key) ?? 0;
          if (count > 0) expect((count - 1) * one.processors).toBeLessThan(one.demand - one.onOffer);
        }
      }),
    );
  });

  it('leaves no wish unfilled for which every cap has room', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 16 }), (demand, processors) => {
        const wide = caps({ queue: { maxWaiting: 1000, maxPilots: 1000 }, site: 1000, vo: 1000 });
        expect(planned(queue({ demand, processors }), wide) * processors).toBeGreaterThanOrEqual(demand);
      }),
    );
  });
});
