import { type Configuration, queuesOf } from '../../configuration/index.js';
import type { ResourceKind } from '../../contract/index.js';
import { fold } from './resource-status.js';

/** Names as they are configured, by their folded form. */
export type KnownNames = ReadonlyMap<string, string>;

/** The resources of a configuration that a VO may use (null: that anybody may), by kind. Storage serves all VOs. */
export function knownResources(
  configuration: Configuration,
  vo: string | null,
): Record<'site' | 'ce' | 'storage', KnownNames> {
  const own = vo === null ? null : fold(vo);
  const queues = queuesOf(configuration).filter(({ vos }) => own === null || vos.some((name) => fold(name) === own));
  return {
    site: byFolded(queues.map(({ site }) => site)),
    ce: byFolded(queues.map(({ site, ce }) => `${site}/${ce}`)),
    storage: byFolded(Object.keys(configuration.storage.elements)),
  };
}

/** The site of a CE or host by its name. */
export function siteIn(name: string): string {
  return name.split('/')[0] ?? '';
}

/** Whether a resource is of interest to whoever knows these names. Pilots are looked up elsewhere. */
export function isAmong(known: ReturnType<typeof knownResources>, kind: ResourceKind, folded: string): boolean {
  if (kind === 'pilot') return false;
  return kind === 'host' ? known.site.has(siteIn(folded)) : known[kind].has(folded);
}

function byFolded(names: readonly string[]): KnownNames {
  return new Map(names.map((name) => [fold(name), name]));
}
