import { z } from 'zod';
import { type Offer, Refusal } from '../../contract/index.js';
import { type Configuration, type QueueConfiguration, queuesOf } from '../../configuration/index.js';
import { type Capability, capabilityOf, type Free } from '../task-queues/capability.js';
import type { PilotRow } from './lock-pilots.sql.js';

const Names = z.array(z.string());
const Node = z.object({ platform: z.string(), hostname: z.string() }).partial();

/** The node on which a pilot runs, as it reported. */
export function nodeOf(pilot: Pick<PilotRow, 'node'>): z.output<typeof Node> {
  return pilot.node === null ? {} : Node.parse(JSON.parse(pilot.node));
}

type PlaceRow = Pick<PilotRow, 'site' | 'ce' | 'platforms' | 'tags' | 'node'>;

const largestPlaces = 1_000;
/** Of each queue, by what else makes a place: folding dozens of names for each claim costs as much as the choice of its job. */
const places = new WeakMap<object, Map<string, Capability>>();
const noQueue = {};

/**
 * What a pilot is, from its own row: an offer cannot change its site, CE or queue. Platforms are those of the queue and
 * of the node; tags those of the queue and of the offer, and `MultiProcessor` where there are several cores. The same
 * object for the same pilot and offer while it is remembered.
 */
export function placeOf(pilot: PlaceRow, offer: Offer, queue: QueueConfiguration | null): Capability | Refusal {
  const { site, ce, platforms, tags } = pilot;
  const { platform } = nodeOf(pilot);
  const several = offer.processors > 1;
  const key = JSON.stringify([
    site,
    ce,
    platforms,
    tags,
    platform,
    offer.platforms,
    offer.tags,
    offer.required_tags,
    several,
  ]);
  let known = places.get(queue ?? noQueue);
  if (known === undefined) places.set(queue ?? noQueue, (known = new Map()));
  const remembered = known.get(key);
  if (remembered !== undefined) return remembered;
  const place = makePlace(pilot, offer, queue);
  if (place instanceof Refusal) return place;
  if (known.size >= largestPlaces) known.clear();
  known.set(key, place);
  return place;
}

function makePlace(pilot: PlaceRow, offer: Offer, queue: QueueConfiguration | null): Capability | Refusal {
  const platforms = [...namesIn(pilot.platforms), ...(queue?.platforms ?? []), ...offer.platforms];
  const { platform } = nodeOf(pilot);
  const tags = [...namesIn(pilot.tags), ...(queue?.tags ?? []), ...offer.tags];
  if (offer.processors > 1) tags.push('MultiProcessor');
  return capabilityOf({
    sites: [pilot.site],
    ces: [pilot.ce],
    platforms: platform === undefined ? platforms : [...platforms, platform],
    tags,
    requiredTags: [...(queue?.required_tags ?? []), ...offer.required_tags],
    wholeNode: queue?.whole_node === true || tags.some((tag) => tag.toLowerCase() === 'wholenode'),
  });
}

/** What is free, not more than its queue gives: neither wall time, nor the CPU work that the wall time allows. */
export function freeOf(pilot: Pick<PilotRow, 'bench_mark'>, offer: Offer, queue: QueueConfiguration | null): Free {
  const { processors, memory, gpus, idle } = offer;
  const wallLeft = Math.min(offer.wall_left, queue?.max_wall_time ?? Infinity);
  const power = queue === null ? Infinity : Math.max(pilot.bench_mark, queue.cpu_power);
  const cpuWorkLeft = Math.min(offer.cpu_work_left, wallLeft === 0 ? 0 : wallLeft * power);
  return { processors, memory, gpus, wallLeft, cpuWorkLeft, idle };
}

/**
 * What the place has when nothing runs there, with the time that is left. Who is idle, or is described by no queue, has what
 * is free: whatever the queue promises, waiting frees no more.
 */
export function wholeOf(free: Free, queue: QueueConfiguration | null): Free {
  if (queue === null || free.idle) return free;
  return {
    ...free,
    processors: Math.max(free.processors, queue.processors),
    memory: Math.max(free.memory, queue.memory),
    gpus: Math.max(free.gpus, queue.gpus),
    idle: true,
  };
}

const views = new WeakMap<Configuration, Map<string, QueueConfiguration>>();

/** The queue of a pilot in the configuration; null for pilots that something else started. */
export function queueOfPilot(
  configuration: Configuration,
  { site, ce, queue }: Pick<PilotRow, 'site' | 'ce' | 'queue'>,
): QueueConfiguration | null {
  let known = views.get(configuration);
  if (known === undefined) {
    known = new Map(queuesOf(configuration).map((view) => [`${view.site}/${view.ce}/${view.queue}`, view]));
    views.set(configuration, known);
  }
  return known.get(`${site}/${ce}/${queue}`) ?? null;
}

function namesIn(text: string | null): string[] {
  return text === null || text === '' ? [] : Names.parse(JSON.parse(text));
}
