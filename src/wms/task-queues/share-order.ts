import { OrderedList } from './ordered-list.js';
import { addTo, shareKeys } from './share-keys.js';
import { compareTurns, type NamedEntity, type Turn } from './shares.js';
import {
  compareQueues,
  type EntityQueues,
  type GroupQueues,
  placeOfQueue,
  type QueuePlace,
  type TurnPlace,
  type WaitingQueue,
} from './waiting-queue.js';

/** How whose turn it is follows from use that is planned but not written yet. */
export type TurnsWith = (planned: ReadonlyMap<string, number>) => (entity: NamedEntity) => Turn;

/** Below so many entities, all turns are computed for each batch. */
const few = 200;
/** Otherwise so often at most (ms): use that others have written, and changed shares, count that much later. */
const sortEvery = 1_000;
const negligible = 1e-6;

/**
 * Share entities in the order of their turns, which stays sorted while use is planned and settled: a claim changes the
 * place of one group and one owner only. Pure.
 */
export class ShareOrder {
  private readonly vos = new Map<string, GroupQueues[]>();
  private readonly planned = new Map<string, number>();
  private entities = 0;
  private turns: (entity: NamedEntity) => Turn = () => ({ vo: 0, group: 0, owner: 0 });
  private sortedAt = -Infinity;

  /** A batch begins: turns follow from this now. `now` in milliseconds of any clock that goes forward. */
  begin(turnsWith: TurnsWith, now: number): void {
    this.turns = turnsWith(this.planned);
    if (this.entities > few && now - this.sortedAt < sortEvery) return;
    this.sortedAt = now;
    for (const groups of this.vos.values()) {
      for (const group of groups) {
        group.owners.sortAgain((one) => (one.turn = this.turns(one.entity).owner));
        const [one] = group.byOwner.values();
        if (one !== undefined) group.turn = this.turns(one.entity).group;
      }
      groups.sort(compareTurns);
    }
  }

  /** The groups of a VO, whose turn it is first. */
  groupsOf(vo: string): readonly GroupQueues[] {
    return this.vos.get(vo) ?? [];
  }

  turnOf(entity: NamedEntity): Turn {
    return this.turns(entity);
  }

  /** The entity with its queues; it enters if it has not been here. */
  enter(entity: NamedEntity): EntityQueues {
    const { vo, group: name, ownerSubject } = entity;
    const group = this.groupOf(vo, name) ?? this.newGroup(entity);
    const known = group.byOwner.get(ownerSubject);
    if (known !== undefined) return known;
    const queues = new OrderedList<QueuePlace, WaitingQueue>(compareQueues, placeOfQueue);
    const made = { name: ownerSubject, turn: this.turns(entity).owner, entity, group, queues, members: 0 };
    group.byOwner.set(ownerSubject, made);
    group.owners.add(made, true);
    this.entities += 1;
    return made;
  }

  /** The entity may be for readers that have passed it: another queue has come. */
  arrived({ entity }: EntityQueues): void {
    const group = this.groupOf(entity.vo, entity.group);
    const one = group?.byOwner.get(entity.ownerSubject);
    if (one !== undefined) group?.owners.arrived(one);
  }

  /** The entity has no queues any more. */
  leave({ entity }: EntityQueues): void {
    const groups = this.vos.get(entity.vo) ?? [];
    const group = groups.find(({ name }) => name === entity.group);
    const one = group?.byOwner.get(entity.ownerSubject);
    if (group === undefined || one === undefined) return;
    group.owners.delete(one);
    group.byOwner.delete(entity.ownerSubject);
    this.entities -= 1;
    if (group.byOwner.size === 0) groups.splice(groups.indexOf(group), 1);
    if (groups.length === 0) this.vos.delete(entity.vo);
  }

  /** Use is planned, or (less than 0) is not planned any more: the entity's turn changes. */
  plan(entity: NamedEntity, used: number): void {
    this.settle(entity, -used);
    const groups = this.vos.get(entity.vo);
    const group = groups?.find(({ name }) => name === entity.group);
    if (groups === undefined || group === undefined) return;
    const turn = this.turns(entity);
    group.turn = turn.group;
    moveAlong(groups, group);
    const one = group.byOwner.get(entity.ownerSubject);
    if (one === undefined) return;
    group.owners.delete(one);
    const forward = turn.owner < one.turn;
    one.turn = turn.owner;
    group.owners.add(one, forward);
  }

  /** Planned use has become use, or came to nothing and its turn need not be exact until the order is sorted again. */
  settle(entity: NamedEntity, used: number): void {
    addTo(this.planned, entity, -used);
    for (const key of shareKeys(entity))
      if (Math.abs(this.planned.get(key) ?? 0) < negligible) this.planned.delete(key);
  }

  private groupOf(vo: string, name: string): GroupQueues | undefined {
    return this.vos.get(vo)?.find((group) => group.name === name);
  }

  private newGroup(entity: NamedEntity): GroupQueues {
    const owners = new OrderedList<TurnPlace, EntityQueues>(compareTurns, ({ turn, name }) => ({ turn, name }));
    const group = { name: entity.group, turn: this.turns(entity).group, owners, byOwner: new Map() };
    const groups = this.vos.get(entity.vo) ?? [];
    this.vos.set(entity.vo, groups);
    groups.push(group);
    groups.sort(compareTurns);
    return group;
  }
}

/** Brings one of the sorted siblings to the place of its new turn. */
function moveAlong<Sibling extends TurnPlace>(siblings: Sibling[], one: Sibling): void {
  let at = siblings.indexOf(one);
  for (const step of [1, -1]) {
    for (let next = siblings[at + step]; next !== undefined && compareTurns(one, next) * step > 0;) {
      siblings[at] = next;
      at += step;
      siblings[at] = one;
      next = siblings[at + step];
    }
  }
}
