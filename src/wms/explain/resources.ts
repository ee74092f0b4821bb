import type { Resources } from '../../contract/index.js';
import { mismatchesOf } from '../task-queues/eligible.js';
import type { Place } from '../task-queues/queue-place.js';
import type { Mismatch } from '../task-queues/eligible.js';
import type { Requirements } from '../task-queues/requirements.js';

export type Verdict = 'open' | 'tests-only' | 'closed';

/** Something that could run jobs: a queue of the configuration, or live pilots that are alike. */
export interface Resource {
  kind: 'queue' | 'pilots';
  /** As they are written in the configuration. */
  site: string;
  ce: string;
  queue: string;
  /** What a job that has it to itself gets. */
  place: Place;
  /** How many pilots; 1 for a queue. */
  count: number;
  /** By the status of its site, CE and the like. */
  verdict: Verdict;
  /** Why it is not open, or why no pilots come to it; null when nothing is wrong. */
  trouble: string | null;
}

/** A resource, and what keeps a job from it. */
export interface Held {
  resource: Resource;
  missing: readonly Mismatch[];
}

/** Holds requirements against resources. */
export function holdAgainst(requirements: Requirements, resources: readonly Resource[]): Held[] {
  return resources.map((resource) => {
    const { capability, free } = resource.place;
    return { resource, missing: mismatchesOf(requirements, capability, free) };
  });
}

/** Whether jobs of this type may run there by its status. */
export function isOpen({ verdict }: Pick<Resource, 'verdict'>, jobType: string): boolean {
  return verdict === 'open' || (verdict === 'tests-only' && jobType === 'test');
}

/** How many queues and pilots these are. */
export function countOf(resources: readonly Resource[]): Resources {
  let queues = 0;
  let pilots = 0;
  for (const { kind, count } of resources) {
    if (kind === 'queue') queues += count;
    else pilots += count;
  }
  return { queues, pilots };
}
