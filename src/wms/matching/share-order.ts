import { compareTurns, type NamedEntity, type Turn } from '../task-queues/shares.js';
import { shareKeys } from '../task-queues/share-use.js';

/** A VO, a group of it, or an owner in that group, among its siblings. */
interface Level<Entry> {
  name: string;
  turn: number;
  /** In order: whose turn it is comes first. */
  below: Level<Entry>[];
  entry: Entry | null;
}

/**
 * Share entities in the order of their turns, while use is planned: a claim changes the place of one VO, one group and
 * one owner only, so nothing is sorted again.
 */
export class ShareOrder<Entry extends { entity: NamedEntity }> {
  private readonly top: Level<Entry> = { name: '', turn: 0, below: [], entry: null };
  private readonly levels = new Map<string, Level<Entry>>();

  constructor(
    entries: readonly Entry[],
    private readonly turnOf: (entity: NamedEntity) => Turn,
  ) {
    for (const entry of entries) {
      const { entity } = entry;
      const keys = shareKeys(entity);
      const turn = turnOf(entity);
      const vo = this.child(this.top, keys[0], entity.vo, turn.vo);
      const group = this.child(vo, keys[1], entity.group, turn.group);
      this.child(group, keys[2], entity.ownerSubject, turn.owner).entry = entry;
    }
    for (const { below } of [this.top, ...this.levels.values()]) below.sort(compareTurns);
  }

  /** All entries, whose turn it is first. Nothing may be planned while somebody walks through them. */
  *inOrder(): Generator<Entry> {
    for (const vo of this.top.below)
      for (const group of vo.below) for (const { entry } of group.below) if (entry !== null) yield entry;
  }

  /** Use of this entity, which need not be one of these, has grown. */
  grown(entity: NamedEntity): void {
    const turn = this.turnOf(entity);
    const [ofVo, ofGroup, ofOwner] = shareKeys(entity);
    const vo = this.levels.get(ofVo);
    const group = this.levels.get(ofGroup);
    const owner = this.levels.get(ofOwner);
    if (vo !== undefined) moveBack(this.top.below, vo, turn.vo);
    if (vo !== undefined && group !== undefined) moveBack(vo.below, group, turn.group);
    if (group !== undefined && owner !== undefined) moveBack(group.below, owner, turn.owner);
  }

  private child(parent: Level<Entry>, key: string, name: string, turn: number): Level<Entry> {
    const known = this.levels.get(key);
    if (known !== undefined) return known;
    const level = { name, turn, below: [], entry: null };
    this.levels.set(key, level);
    parent.below.push(level);
    return level;
  }
}

/** Gives one of the sorted siblings a later turn. */
function moveBack<Entry>(siblings: Level<Entry>[], level: Level<Entry>, turn: number): void {
  level.turn = turn;
  let at = siblings.indexOf(level);
  for (let next = siblings[at + 1]; next !== undefined && compareTurns(level, next) > 0; next = siblings[at + 1]) {
    siblings[at] = next;
    at += 1;
    siblings[at] = level;
  }
}
