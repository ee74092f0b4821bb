import type { Configuration } from '../../configuration/index.js';
import type { QueueDefinition } from '../task-queues/queue-definitions.js';
import type { Limit } from './limit.js';
import { LimitRules } from './limit-rules.js';

const rules = new WeakMap<Configuration, LimitRules>();

/** The limits of a configuration, read once. */
export function rulesOf(configuration: Configuration): LimitRules {
  const known = rules.get(configuration);
  if (known !== undefined) return known;
  const made = new LimitRules(configuration);
  rules.set(configuration, made);
  return made;
}

type Place = { site: string; ce: string };
type Queue = Pick<QueueDefinition, 'vo' | 'group' | 'owner' | 'ownerSubject' | 'requirements'>;

/** What limits the jobs of task queues at places, remembered as long as the queue and the configuration last. */
export class QueueLimits {
  private readonly known = new WeakMap<Queue, Map<string, Limit[]>>();

  private readonly places = new Map<string, Limit[]>();

  constructor(private readonly limits: LimitRules) {}

  /** Of a queue that several owners share, those that are not about owners. */
  of(queue: Queue, { site, ce }: Place): Limit[] {
    const places = this.known.get(queue) ?? new Map<string, Limit[]>();
    this.known.set(queue, places);
    const key = `${site}/${ce}`;
    const known = places.get(key);
    if (known !== undefined) return known;
    const { owner, ownerSubject } = queue;
    const whose = ownerSubject === '' ? {} : { owner, subject: ownerSubject };
    const found = this.limits.of({ ...jobsOf(queue), ...whose }, { site, ce });
    places.set(key, found);
    return found;
  }

  /** Those of a place that hold for all jobs of a VO alike. */
  ofPlace(vo: string, { site, ce }: Place): Limit[] {
    const key = `${vo}/${site}/${ce}`;
    const known = this.places.get(key) ?? this.limits.of({ vo }, { site, ce });
    this.places.set(key, known);
    return known;
  }

  /** Whether jobs of this queue have to be looked at one by one. */
  isPerJob({ ownerSubject }: Queue): boolean {
    return ownerSubject === '' && this.limits.knowsOwners;
  }

  /** All limits of one owner's jobs in a queue that several share. */
  ofOwner(queue: Queue, place: Place, { owner, subject }: { owner: string; subject: string }): Limit[] {
    return this.limits.of({ ...jobsOf(queue), owner, subject }, place);
  }
}

/** The job type is the one by which the job is matched, whatever label it gets later. */
function jobsOf({ vo, group, requirements }: Queue): { vo: string; group: string; jobType: string } {
  return { vo, group, jobType: requirements.jobType };
}
