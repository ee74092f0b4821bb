import { type PilotExplanation, requirementNames } from '../../contract/index.js';
import { Slices } from '../../platform/index.js';
import { type Mismatch, mismatchesOf } from '../task-queues/eligible.js';
import type { Place } from '../task-queues/queue-place.js';
import type { Requirements } from '../task-queues/requirements.js';
import { lacksInWords } from './lacking-words.js';

/** A waiting task queue, as a pilot's explanation needs it. */
export interface QueueOfClass {
  id: number;
  classId: number;
  vo: string;
  ownerSubject: string;
  requirements: Requirements;
  /** Whether it may have jobs. */
  listed: boolean;
}

type Against = NonNullable<PilotExplanation['task_queues']>;

interface Class {
  requirements: Requirements;
  queue: number;
  /** Its task queues whose owner the pilot serves, and the others. */
  served: number;
  others: number;
}

/**
 * The waiting task queues of a VO, held against a place class by class; `owner` is the one whom the pilot serves (null:
 * everybody), `testsOnly` that only tests may begin there. In slices, so that other requests go on meanwhile.
 */
export async function holdAgainstQueues(
  queues: Iterable<QueueOfClass>,
  place: Place,
  { vo, owner, testsOnly }: { vo: string; owner: string | null; testsOnly: boolean },
): Promise<Against> {
  const classes = classesOf(queues, vo, owner);
  const slices = new Slices();
  const failing = new Map<Mismatch, number>();
  const sets = new Map<string, { missing: Mismatch[]; queues: number; one: Class }>();
  const against: Against = { waiting: 0, fitting: 0, of_other_owners: 0, failing: [], nearest: null };
  for (const one of classes) {
    if (slices.isOver) await slices.next();
    const count = one.served + one.others;
    const missing = mismatchesOf(one.requirements, place.capability, place.free);
    if (testsOnly && one.requirements.jobType !== 'test' && !missing.includes('job-type')) missing.push('job-type');
    against.waiting += count;
    if (missing.length === 0) {
      against.fitting += count;
      against.of_other_owners += one.others;
      continue;
    }
    for (const name of missing) failing.set(name, (failing.get(name) ?? 0) + count);
    const key = missing.join();
    const set = sets.get(key) ?? { missing, queues: 0, one };
    set.queues += count;
    sets.set(key, set);
  }
  against.failing = requirementNames.flatMap((requirement) => {
    const count = failing.get(requirement) ?? 0;
    return count === 0 ? [] : [{ requirement, queues: count }];
  });
  if (against.fitting > 0) return against;
  const [nearest] = [...sets.values()].toSorted((a, b) => a.missing.length - b.missing.length || b.queues - a.queues);
  return { ...against, nearest: nearest === undefined ? null : nearestOf(nearest, place) };
}

function nearestOf(
  { missing, queues, one }: { missing: Mismatch[]; queues: number; one: Class },
  place: Place,
): Against['nearest'] {
  const words = lacksInWords(one.requirements, place, missing);
  return { task_queue: one.queue, lacks: missing, words, alike: queues };
}

function classesOf(queues: Iterable<QueueOfClass>, vo: string, owner: string | null): Iterable<Class> {
  const classes = new Map<number, Class>();
  for (const { id, classId, ownerSubject, requirements, listed, vo: ofVo } of queues) {
    if (!listed || ofVo !== vo) continue;
    const one = classes.get(classId) ?? { requirements, queue: id, served: 0, others: 0 };
    if (owner === null || ownerSubject === '' || ownerSubject === owner) one.served += 1;
    else one.others += 1;
    if (one.served + one.others === 1) classes.set(classId, one);
  }
  return classes.values();
}
