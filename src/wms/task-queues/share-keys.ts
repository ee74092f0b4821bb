import type { Configuration } from '../../configuration/index.js';
import type { Requirements } from './requirements.js';
import type { NamedEntity, ShareEntity } from './shares.js';

/** Use that a claim adds: cores × CPU work asked for, so that a claim is charged what it may take away from others. */
export interface Use {
  entity: NamedEntity;
  used: number;
}

/** What a job with these requirements is charged on so many cores: normalised core seconds. */
export function chargeOf(requirements: Pick<Requirements, 'cpuWork'>, processors: number): number {
  return requirements.cpuWork * processors;
}

export type Keys = readonly [vo: string, group: string, owner: string];

/** The entities of task queues live long and never change; making their keys for each claim costs more than the rest. */
const known = new WeakMap<ShareEntity, Keys>();

/** The keys of an entity's VO, of its group and of itself. The object must not change afterwards. */
export function shareKeys(entity: ShareEntity): Keys {
  const keys = known.get(entity);
  if (keys !== undefined) return keys;
  const { vo, group, ownerSubject } = entity;
  const made = [vo, `${vo}\n${group}`, `${vo}\n${group}\n${ownerSubject}`] as const;
  known.set(entity, made);
  return made;
}

/** Adds use of an entity on all three levels. */
export function addTo(sum: Map<string, number>, entity: ShareEntity, used: number): void {
  for (const key of shareKeys(entity)) sum.set(key, (sum.get(key) ?? 0) + used);
}

/** What an entity's VO, its group and its owner have a right to, each relative to its siblings. */
export type Shares = readonly [vo: number, group: number, owner: number];

/** The configured shares; of what is configured no longer, 1. */
export function sharesOf({ vos }: Pick<Configuration, 'vos'>, entity: NamedEntity): Shares {
  const vo = Object.hasOwn(vos, entity.vo) ? vos[entity.vo] : undefined;
  const groups = vo?.groups ?? {};
  const group = Object.hasOwn(groups, entity.group) ? groups[entity.group] : undefined;
  const owners = group?.owner_shares ?? {};
  return [vo?.share ?? 1, group?.share ?? 1, Object.hasOwn(owners, entity.owner) ? (owners[entity.owner] ?? 1) : 1];
}
