import type { RequirementName } from '../../contract/index.js';
import type { Capability, Free, Names } from './capability.js';
import type { Requirements } from './requirements.js';

/** The requirement that keeps a job from a place; the names are those of `contract/explain.ts`. */
export type Mismatch = RequirementName;

/** All requirements that keep a job from a place; {@link eligible} tells the first of them. */
export function mismatchesOf(requirements: Requirements, capability: Capability, free: Free): Mismatch[] {
  const found = new Set<Mismatch>();
  fitsPlace(requirements, capability, found);
  fitsNow(requirements, free, found);
  return [...found];
}

/** Whether a job with these requirements may run at this place now: null, or the first requirement that forbids it. */
export function eligible(requirements: Requirements, capability: Capability, free: Free): Mismatch | null {
  return fitsPlace(requirements, capability) ?? fitsNow(requirements, free);
}

/** The part of {@link eligible} that never changes for a place. With `all`, every mismatch is put there instead. */
export function fitsPlace(requirements: Requirements, capability: Capability, all?: Set<Mismatch>): Mismatch | null {
  const { sites, ces, platforms, jobTypes, tags, requiredTags } = capability;
  if (misses(requirements.sites, sites) && isTold('site', all)) return 'site';
  // Of several sites on offer, one that is not banned will do.
  if (sites !== null && sites.every((site) => requirements.bannedSites.includes(site)) && isTold('banned-site', all))
    return 'banned-site';
  if (misses(requirements.ces, ces) && isTold('ce', all)) return 'ce';
  if (misses(requirements.platforms, platforms) && isTold('platform', all)) return 'platform';
  if (misses(typesOf(requirements), jobTypes) && isTold('job-type', all)) return 'job-type';
  if (tags !== null && !requirements.tags.every((tag) => tags.includes(tag)) && isTold('tags', all)) return 'tags';
  if (!requiredTags.every((tag) => requirements.tags.includes(tag)) && isTold('required-tags', all))
    return 'required-tags';
  if (bannedByPlace(requirements, capability) && isTold('banned-by-place', all)) return 'banned-by-place';
  return requirements.wholeNode && !capability.wholeNode && isTold('whole-node', all) ? 'whole-node' : null;
}

/** The part of {@link eligible} that depends on what is free. With `all`, every mismatch is put there instead. */
export function fitsNow(requirements: Requirements, free: Free, all?: Set<Mismatch>): Mismatch | null {
  const { wholeNode, minProcessors, minRam, gpus, cpuWork, wallTime } = requirements;
  if (wholeNode && !free.idle && isTold('whole-node', all)) return 'whole-node';
  if (minProcessors > free.processors && isTold('processors', all)) return 'processors';
  if (minRam > free.memory && isTold('memory', all)) return 'memory';
  if (gpus > free.gpus && isTold('gpus', all)) return 'gpus';
  if (cpuWork > free.cpuWorkLeft && isTold('cpu-work', all)) return 'cpu-work';
  return wallTime !== null && wallTime > free.wallLeft && isTold('wall-time', all) ? 'wall-time' : null;
}

/** Whether a mismatch is the answer: it is not where all are wanted, which are kept there. */
function isTold(mismatch: Mismatch, all: Set<Mismatch> | undefined): boolean {
  all?.add(mismatch);
  return all === undefined;
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
