import { queuesOf, type Configuration, type QueueView } from '../../configuration/index.js';
import type { PilotCount } from './pilot-counts.js';
import { type Place, placeKey, queueKey } from './place.js';
import type { Caps, PlannedQueue } from './plan-pilots.js';
import type { QueueState } from './circuit.js';

/** A queue as one VO uses it. */
export interface Target {
  place: Place;
  queue: QueueView;
}

/** Every queue, once for each VO that may use it. */
export function targetsOf(configuration: Configuration): Target[] {
  return queuesOf(configuration).flatMap((queue) =>
    queue.vos.map((vo) => ({ place: { vo, site: queue.site, ce: queue.ce, queue: queue.queue }, queue })),
  );
}

/** What each target wants and has. `demand` and `probes` (of what is being probed) are by {@link placeKey}. */
export function wishesOf(
  targets: readonly Target[],
  {
    demand,
    counts,
    probes,
  }: {
    demand: ReadonlyMap<string, number>;
    counts: readonly PilotCount[];
    probes: ReadonlyMap<string, number>;
  },
  stateOf: (place: Place) => QueueState,
): PlannedQueue[] {
  const byPlace = new Map(counts.map((count) => [placeKey(count), count]));
  return targets.map(({ place, queue }) => {
    const key = placeKey(place);
    const count = byPlace.get(key);
    return {
      key,
      vo: place.vo.toLowerCase(),
      site: place.site.toLowerCase(),
      place: queueKey(place),
      demand: demand.get(key) ?? 0,
      onOffer: count?.onOffer ?? 0,
      waiting: count?.waiting ?? 0,
      processors: queue.processors,
      circuit: stateOf(place).circuit,
      probes: probes.get(key) ?? null,
    };
  });
}

/** The caps of queues, sites and VOs and what is used of them. `freeSlots` is what CEs say, by {@link queueKey}. */
export function capsOf(
  configuration: Configuration,
  counts: readonly PilotCount[],
  freeSlots: ReadonlyMap<string, number | undefined>,
): Caps {
  const sum = (of: readonly PilotCount[], column: 'live' | 'waiting'): number =>
    of.reduce((total, count) => total + count[column], 0);
  const capped = (names: Record<string, { max_pilots: number }>, column: 'site' | 'vo'): Caps['sites'] =>
    new Map(
      Object.entries(names).map(([name, { max_pilots: maxPilots }]) => {
        const own = counts.filter((count) => count[column].toLowerCase() === name.toLowerCase());
        return [name.toLowerCase(), { maxPilots, live: sum(own, 'live') }];
      }),
    );
  const queues = queuesOf(configuration).map((queue) => {
    const key = queueKey(queue);
    const own = counts.filter((count) => queueKey(count) === key);
    const free = freeSlots.get(key);
    const cap = {
      maxWaiting: queue.max_waiting_pilots,
      maxPilots: queue.max_pilots,
      waiting: sum(own, 'waiting'),
      live: sum(own, 'live'),
      ...(free === undefined ? {} : { freeSlots: free }),
    };
    return [key, cap] as const;
  });
  return {
    queues: new Map(queues),
    sites: capped(configuration.sites, 'site'),
    vos: capped(configuration.vos, 'vo'),
  };
}
