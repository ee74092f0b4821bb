import type { Circuit } from './circuit.js';

/** One queue as a site director sees it for one VO. Cores are cores, everything else counts pilots. */
export interface PlannedQueue {
  key: string;
  vo: string;
  site: string;
  /** The same for all VOs that use one queue. */
  place: string;
  /** Cores of waiting jobs that this queue is to serve; shared among queues already. */
  demand: number;
  /** Cores of pilots that are on their way or run idle. */
  onOffer: number;
  /** Pilots of this VO that have not contacted the server yet. */
  waiting: number;
  /** Cores of one pilot. */
  processors: number;
  circuit: Circuit;
  /** Null unless its site or CE is being probed: then the live pilots that were sent since that began. */
  probes: number | null;
}

/** What caps the plan; pilots of all VOs together where no VO is named. */
export interface Caps {
  /** Per place: most waiting and most live pilots, how many there are, and what the CE would take. */
  queues: ReadonlyMap<
    string,
    { maxWaiting: number; maxPilots: number; waiting: number; live: number; freeSlots?: number }
  >;
  sites: ReadonlyMap<string, { maxPilots: number; live: number }>;
  vos: ReadonlyMap<string, { maxPilots: number; live: number }>;
}

/**
 * How many pilots to submit to each queue: enough cores for what waits, less what is on offer, under every cap. Caps that
 * queues share go to the queue with the largest part of its wish unfilled, one pilot at a time, so that no queue starves
 * another. A queue whose circuit is half open gets one pilot as a probe while none waits there; one that is being probed
 * gets one at a time.
 */
export function planPilots(queues: readonly PlannedQueue[], caps: Caps): Map<string, number> {
  const wishes = queues.map((queue) => ({ queue, wish: wishOf(queue), given: 0 })).filter(({ wish }) => wish > 0);
  const left = new Allowance(caps);
  const open = new Set(wishes);
  while (open.size > 0) {
    let next: (typeof wishes)[number] | undefined;
    for (const each of open) {
      if (next === undefined || each.given / each.wish < next.given / next.wish) next = each;
    }
    if (next === undefined) break;
    if (left.take(next.queue)) next.given += 1;
    else open.delete(next);
    if (next.given >= next.wish) open.delete(next);
  }
  return new Map(wishes.filter(({ given }) => given > 0).map(({ queue, given }) => [queue.key, given]));
}

function wishOf(queue: PlannedQueue): number {
  const wish = Math.max(0, Math.ceil((queue.demand - queue.onOffer) / queue.processors));
  if (queue.circuit === 'open' || (queue.probes ?? 0) > 0) return 0;
  if (queue.probes !== null) return Math.min(1, wish);
  if (queue.circuit === 'half-open') return queue.waiting > 0 ? 0 : Math.min(1, wish);
  return wish;
}

/** What the caps leave, counted down. */
class Allowance {
  private readonly left = new Map<string, number>();

  constructor(caps: Caps) {
    for (const [place, cap] of caps.queues) {
      const room = Math.min(cap.maxWaiting - cap.waiting, cap.maxPilots - cap.live, cap.freeSlots ?? Infinity);
      this.left.set(`queue ${place}`, room);
    }
    for (const [site, { maxPilots, live }] of caps.sites) this.left.set(`site ${site}`, maxPilots - live);
    for (const [vo, { maxPilots, live }] of caps.vos) this.left.set(`vo ${vo}`, maxPilots - live);
  }

  /** Takes one pilot from every cap that concerns the queue, or none and answers false. */
  take({ place, site, vo }: PlannedQueue): boolean {
    const concerned = [`queue ${place}`, `site ${site}`, `vo ${vo}`];
    if (concerned.some((name) => (this.left.get(name) ?? 0) < 1)) return false;
    for (const name of concerned) this.left.set(name, (this.left.get(name) ?? 0) - 1);
    return true;
  }
}
