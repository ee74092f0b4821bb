import { Bitmap } from '../task-queues/bitmap.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import type { Place } from '../task-queues/queue-place.js';
import { compareHeads, type Head } from '../task-queues/shares.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import { isOpen, type Resource } from './resources.js';

/** So many places stand for all that fit. */
const mostPlaces = 32;

/** Whether the jobs of a task queue could run at one of these places, by sets of classes. Holds until the queues change. */
export function fitsOneOf(queues: WaitingQueues, places: readonly Place[]): (queue: WaitingQueue) => boolean {
  const classes = new Bitmap();
  for (const { capability, free } of places) classes.addAll(queues.classes.fitting(queues.signature(capability, free)));
  return ({ ordinal }) => classes.has(ordinal);
}

/** The share entities of a VO with a waiting task queue that competes. */
export function competingEntities(queues: WaitingQueues, vo: string, competes: (queue: WaitingQueue) => boolean) {
  const entities = queues.order.groupsOf(vo).flatMap(({ byOwner }) => [...byOwner.values()]);
  return entities.filter((one) => one.queues.from(null, competes) !== undefined).map(({ entity }) => entity);
}

/** The competing task queues of a share entity, but for this one, whose head goes before a job; at most so many. */
export function queuesBefore(
  queues: WaitingQueues,
  { queue, head, most }: { queue: QueueDefinition; head: Head; most: number },
  competes: (queue: WaitingQueue) => boolean,
): number[] {
  const group = queues.order.groupsOf(queue.vo).find(({ name }) => name === queue.group);
  const own = group?.byOwner.get(queue.ownerSubject)?.queues;
  const isNext = (one: WaitingQueue): boolean => one.id !== queue.id && competes(one);
  const found: number[] = [];
  for (let one = own?.from(null, isNext); one !== undefined; one = own?.after(one, isNext)) {
    if (found.length >= most || compareHeads(one, head) >= 0) break;
    found.push(one.id);
  }
  return found;
}

/** The places where jobs of this type may run that stand for all of these: those with the most pilots. */
export function mainPlaces(fitting: readonly Resource[], jobType: string): Place[] {
  const weight = ({ kind, count }: Resource): number => (kind === 'pilots' ? count : 0);
  return fitting
    .filter((resource) => isOpen(resource, jobType))
    .toSorted((a, b) => weight(b) - weight(a))
    .slice(0, mostPlaces)
    .map(({ place }) => place);
}
