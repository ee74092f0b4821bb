import type { Place } from '../task-queues/queue-place.js';
import type { WaitingQueue } from '../task-queues/waiting-queue.js';
import type { WaitingQueues } from '../task-queues/waiting-queues.js';
import { isOpen, type Resource } from './resources.js';

/** So many places stand for all that fit. */
const mostPlaces = 32;

/**
 * The task queues of a VO whose jobs could run at one of these places, so that they compete for its pilots. Exact for the
 * places, by sets of classes; looks at each queue of the VO once.
 */
export function competitors(queues: WaitingQueues, vo: string, places: readonly Place[]): WaitingQueue[] {
  const classes = places.map(({ capability, free }) => queues.classes.fitting(queues.signature(capability, free)));
  const found: WaitingQueue[] = [];
  for (const queue of queues.all())
    if (queue.listed && queue.vo === vo && classes.some((set) => set.has(queue.ordinal))) found.push(queue);
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
