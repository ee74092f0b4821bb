import type { ShareStanding } from '../../contract/index.js';
import { compareTurns, type NamedEntity, type Turn } from '../task-queues/shares.js';

/** Shares as they are configured. */
export interface Shares {
  group: number;
  owner: number;
}

const mostNames = 10;

/**
 * Where a share entity stands among those of its VO that have waiting jobs. Pilots serve their own VO only, so the turn of
 * the VO plays no part. `names`: whether the others may be named. Pure.
 */
export function standingOf(
  entity: NamedEntity,
  waiting: readonly NamedEntity[],
  { turnOf, shares, names }: { turnOf: (entity: NamedEntity) => Turn; shares: Shares; names: boolean },
): ShareStanding {
  const own = turnOf(entity);
  const others = waiting
    .filter(({ group, ownerSubject }) => group !== entity.group || ownerSubject !== entity.ownerSubject)
    .map((other) => ({ other, turn: turnOf(other) }));
  const order = (a: NamedEntity, ofA: Turn, b: NamedEntity, ofB: Turn): number =>
    compareTurns({ turn: ofA.group, name: a.group }, { turn: ofB.group, name: b.group }) ||
    compareTurns({ turn: ofA.owner, name: a.ownerSubject }, { turn: ofB.owner, name: b.ownerSubject });
  const before = others
    .filter(({ other, turn }) => order(other, turn, entity, own) < 0)
    .toSorted((a, b) => order(a.other, a.turn, b.other, b.turn));
  const groups = new Set(before.filter(({ other }) => other.group !== entity.group).map(({ other }) => other.group));
  return {
    group: { turn: own.group, share: shares.group, groups_before: groups.size },
    owner: entity.ownerSubject === '' ? null : { turn: own.owner, share: shares.owner },
    entities: others.length + 1,
    entities_before: before.length,
    before: names
      ? before
          .slice(0, mostNames)
          .map(({ other }) => (other.owner === '' ? `group ${other.group}` : `${other.owner} (${other.group})`))
      : null,
  };
}
