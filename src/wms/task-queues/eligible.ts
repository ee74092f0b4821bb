import type { Capability, Free, Names } from './capability.js';
import type { Requirements } from './requirements.js';

/** The requirement that keeps a job from a place. */
export type Mismatch =
  | 'site'
  | 'banned-site'
  | 'ce'
  | 'platform'
  | 'job-type'
  | 'tags'
  | 'required-tags'
  | 'banned-by-place'
  | 'whole-node'
  | 'processors'
  | 'memory'
  | 'gpus'
  | 'cpu-work'
  | 'wall-time';

/** Whether a job with these requirements may run at this place now: null, or the first requirement that forbids it. */
export function eligible(requirements: Requirements, capability: Capability, free: Free): Mismatch | null {
  return fitsPlace(requirements, capability) ?? fitsNow(requirements, free);
}

/** The part of {@link eligible} that never changes for a place. */
export function fitsPlace(requirements: Requirements, capability: Capability): Mismatch | null {
  const { sites, ces, platforms, jobTypes } = capability;
  if (misses(requirements.sites, sites)) return 'site';
  // Of several sites on offer, one that is not banned will do.
  if (sites !== null && sites.every((site) => requirements.bannedSites.includes(site))) return 'banned-site';
  if (misses(requirements.ces, ces)) return 'ce';
  if (misses(requirements.platforms, platforms)) return 'platform';
  if (misses(typesOf(requirements), jobTypes)) return 'job-type';
  const { tags, requiredTags } = capability;
  if (tags !== null && !requirements.tags.every((tag) => tags.includes(tag))) return 'tags';
  if (!requiredTags.every((tag) => requirements.tags.includes(tag))) return 'required-tags';
  if (bannedByPlace(requirements, capability)) return 'banned-by-place';
  return requirements.wholeNode && !capability.wholeNode ? 'whole-node' : null;
}

/** The part of {@link eligible} that depends on what is free. */
export function fitsNow(requirements: Requirements, free: Free): Mismatch | null {
  if (requirements.wholeNode && !free.idle) return 'whole-node';
  if (requirements.minProcessors > free.processors) return 'processors';
  if (requirements.minRam > free.memory) return 'memory';
  if (requirements.gpus > free.gpus) return 'gpus';
  if (requirements.cpuWork > free.cpuWorkLeft) return 'cpu-work';
  return requirements.wallTime !== null && requirements.wallTime > free.wallLeft ? 'wall-time' : null;
}

/** Each banned name excludes the jobs that ask for it (DIRAC let a job pass that missed one name of the list). */
function bannedByPlace(requirements: Requirements, capability: Capability): boolean {
  const asks = (wanted: readonly string[], banned: readonly string[]): boolean =>
    banned.some((name) => wanted.includes(name));
  return (
    asks(requirements.sites, capability.bannedSites) ||
    asks(requirements.ces, capability.bannedCes) ||
    asks(requirements.platforms, capability.bannedPlatforms) ||
    asks(typesOf(requirements), capability.bannedJobTypes) ||
    asks(requirements.tags, capability.bannedTags)
  );
}

function typesOf({ jobType }: Requirements): string[] {
  return jobType === '' ? [] : [jobType];
}

/** A job that names values is kept from a place that has none of them; who names nothing takes everything. */
function misses(wanted: readonly string[], offered: Names): boolean {
  return offered !== null && wanted.length > 0 && !wanted.some((name) => offered.includes(name));
}
