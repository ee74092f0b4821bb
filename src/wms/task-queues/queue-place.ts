import type { QueueView } from '../../configuration/index.js';
import { Refusal } from '../../contract/index.js';
import { type Capability, capabilityOf, type Free } from './capability.js';

/** A place and what of it is free. */
export interface Place {
  capability: Capability;
  free: Free;
}

/** What a pilot sent to this queue will be; null when no job can ever come: the queue requires tags which it has not. */
export function placeOf(queue: QueueView): Place | null {
  const tags = queue.processors > 1 ? [...queue.tags, 'MultiProcessor'] : queue.tags;
  const capability = capabilityOf({
    sites: [queue.site],
    ces: [queue.ce],
    platforms: queue.platforms,
    tags,
    requiredTags: queue.required_tags,
    wholeNode: queue.whole_node || queue.tags.some((tag) => tag.toLowerCase() === 'wholenode'),
  });
  if (capability instanceof Refusal) return null;
  const { processors, memory, gpus, max_wall_time: wallLeft } = queue;
  const free = { processors, memory, gpus, wallLeft, cpuWorkLeft: wallLeft * queue.cpu_power, idle: true };
  return { capability, free };
}
