/** The least priority that a task queue can have (DIRAC's TQ_MIN_SHARE). */
export const leastPriority = 0.001;

/** A task queue as the priority computation sees it. */
export interface PricedQueue {
  id: number;
  /** Mean priority of its jobs. */
  priority: number;
  /** Equal for queues that differ in sites and banned sites only. */
  kind: string;
}

/**
 * DIRAC's priorities of the task queues of one share entity, for people who look at them in those numbers. They decide
 * nothing: DIRAC drew queues at random by them, here a job's priority orders strictly, within its entity only. The entity's share divided in proportion to their mean
 * priorities. Queues of one kind get the sum of their parts each, so that splitting work by site does not dilute it.
 * With `background`, queues of priority 0.1 and less get the least there is.
 */
export function taskQueuePriorities(
  queues: readonly PricedQueue[],
  entity: { share: number; background: boolean },
): Map<number, number> {
  const isBackground = ({ priority }: PricedQueue): boolean => entity.background && priority <= 0.1;
  const total = queues.filter((queue) => !isBackground(queue)).reduce((sum, { priority }) => sum + priority, 0);
  const ofKind = new Map<string, number>();
  for (const queue of queues) {
    const part = isBackground(queue) || total === 0 ? leastPriority : (entity.share / total) * queue.priority;
    ofKind.set(queue.kind, (ofKind.get(queue.kind) ?? 0) + Math.max(part, leastPriority));
  }
  return new Map(queues.map(({ id, kind }) => [id, ofKind.get(kind) ?? leastPriority]));
}

/** Whose a task queue is. In a group with JobSharing the subject is empty. */
export interface ShareEntity {
  vo: string;
  group: string;
  ownerSubject: string;
}

/** A share entity with the owner's user name, by which shares are configured. */
export interface NamedEntity extends ShareEntity {
  owner: string;
}

/** Whose turn it is, on each level: use divided by share, lowest first. */
export interface Turn {
  vo: number;
  group: number;
  owner: number;
}

/** The head of a task queue: the highest priority among its jobs, and the oldest job that has it. */
export interface Head {
  headPriority: number;
  headJob: number;
}

/**
 * The first part of the picking order, on each of its levels (VO, then group, then owner): use per share, lowest first;
 * equal turns by name.
 */
export function compareTurns(a: { turn: number; name: string }, b: { turn: number; name: string }): number {
  return a.turn - b.turn || compareNames(a.name, b.name);
}

/** The second part, within one share entity: the higher job priority, then the older job. Negative: `a` comes first. */
export function compareHeads(a: Head, b: Head): number {
  return b.headPriority - a.headPriority || a.headJob - b.headJob;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
