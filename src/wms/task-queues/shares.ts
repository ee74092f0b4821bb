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
 * DIRAC's priorities of the task queues of one share entity: the entity's share divided in proportion to their mean
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

/** What the picking order needs to know of a task queue. */
export interface Contender extends NamedEntity {
  id: number;
  /** Highest priority among its jobs, and the oldest job that has it. */
  headPriority: number;
  headJob: number;
}

/**
 * The picking order: VO, then group, then owner by use per share (lowest first; equal turns by name); within one share
 * entity the higher job priority, then the older job. Negative when `a` comes first.
 */
export function compareContenders(a: Contender, b: Contender, turnOf: (entity: NamedEntity) => Turn): number {
  const [turnA, turnB] = [turnOf(a), turnOf(b)];
  return (
    turnA.vo - turnB.vo ||
    compareNames(a.vo, b.vo) ||
    turnA.group - turnB.group ||
    compareNames(a.group, b.group) ||
    turnA.owner - turnB.owner ||
    compareNames(a.ownerSubject, b.ownerSubject) ||
    b.headPriority - a.headPriority ||
    a.headJob - b.headJob ||
    a.id - b.id
  );
}

/** Whether two task queues belong to one share entity. */
export function sameEntity(a: ShareEntity, b: ShareEntity): boolean {
  return a.vo === b.vo && a.group === b.group && a.ownerSubject === b.ownerSubject;
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
