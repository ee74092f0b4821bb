import type { OrderedList } from './ordered-list.js';
import type { QueueDefinition } from './queue-definitions.js';
import { compareHeads, compareTurns, type Head, type NamedEntity } from './shares.js';

/** Where a task queue stands among those of its share entity. */
export interface QueuePlace extends Head {
  id: number;
}

/** A task queue in which at least one job could be claimed when it was last looked at. */
export interface WaitingQueue extends QueueDefinition, Head {
  /** What is known of the jobs that come next and are not taken, the head first. */
  ahead: Head[];
  /** Nothing comes after them, as far as is known. */
  complete: boolean;
  /** Since when its head is what it is (ms, of the clock of the queues). */
  since: number;
  /** The number of its class in the class index. */
  ordinal: number;
  /** Whether something may be taken from it. */
  listed: boolean;
  standing: EntityQueues;
}

/** Where a group or an owner stands among its siblings. */
export interface TurnPlace {
  turn: number;
  name: string;
}

/** A share entity and its task queues, the best head first. */
export interface EntityQueues extends TurnPlace {
  entity: NamedEntity;
  group: GroupQueues;
  queues: OrderedList<QueuePlace, WaitingQueue>;
  /** How many queues it has, also those that stand aside because all of their jobs are taken. */
  members: number;
}

/** A group and its owners, whose turn it is first. */
export interface GroupQueues extends TurnPlace {
  owners: OrderedList<TurnPlace, EntityQueues>;
  byOwner: Map<string, EntityQueues>;
}

export function compareQueues(a: QueuePlace, b: QueuePlace): number {
  return compareHeads(a, b) || a.id - b.id;
}

/** The picking order of queues of one VO as their entities stand: turns of groups, turns of owners, heads. */
export function compareInTurn(a: WaitingQueue, b: WaitingQueue): number {
  return (
    compareTurns(a.standing.group, b.standing.group) || compareTurns(a.standing, b.standing) || compareQueues(a, b)
  );
}

export function placeOfQueue({ headPriority, headJob, id }: QueuePlace): QueuePlace {
  return { headPriority, headJob, id };
}
