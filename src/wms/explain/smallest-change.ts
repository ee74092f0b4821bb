import { requirementNames, type SuggestedChange } from '../../contract/index.js';
import { eligible, type Mismatch } from '../task-queues/eligible.js';
import { canonical, cpuWorkSegments, type Requirements } from '../task-queues/requirements.js';
import { countOf, holdAgainst, type Resource } from './resources.js';
import { changeInWords } from './words.js';

const mostSuggestions = 3;

/** A way to change requirements so that a resource will do. */
export interface Change {
  requirements: readonly Mismatch[];
  changed: Requirements;
  then: readonly Resource[];
}

/** {@link smallestChangesOf} in words. */
export function smallestChanges(requirements: Requirements, resources: readonly Resource[]): SuggestedChange[] {
  return smallestChangesOf(requirements, resources).map(({ requirements: names, changed, then }) => ({
    requirements: [...names],
    words: changeInWords(requirements, changed, names, then),
    then: countOf(then),
  }));
}

/**
 * What would have to be asked instead, the smallest change first: the fewest fields of the description, then the most
 * resources that would do. For each set of requirements the change that is nearest to what is asked. At most three. Pure.
 */
export function smallestChangesOf(requirements: Requirements, resources: readonly Resource[]): Change[] {
  const sets = new Map<string, { names: readonly Mismatch[]; changed: Requirements; distance: number }>();
  for (const { resource, missing } of holdAgainst(requirements, resources)) {
    const changed = changeFor(requirements, resource, missing);
    if (changed === null) continue;
    const key = missing.join();
    const distance = distanceOf(requirements, changed);
    const known = sets.get(key);
    if (known === undefined || distance < known.distance) sets.set(key, { names: missing, changed, distance });
  }
  const changes = [...sets.values()].map(({ names, changed }) => ({
    requirements: requirementNames.filter((name) => names.includes(name)),
    changed,
    then: resources.filter(({ place: { capability, free } }) => eligible(changed, capability, free) === null),
  }));
  const weight = ({ then }: Change): number => then.reduce((sum, { kind, count }) => sum + (kind === 'queue' ? 1 : count), 0); // prettier-ignore
  return changes
    .toSorted((a, b) => fieldsOf(requirements, a.changed) - fieldsOf(requirements, b.changed) || weight(b) - weight(a))
    .slice(0, mostSuggestions);
}

/**
 * The requirements, with those that a resource does not fulfil changed as little as makes it do. Null when no wording of
 * a job helps: the place has less than the least that a job can ask for, or contradicts itself.
 */
export function changeFor(
  requirements: Requirements,
  { place: { capability, free } }: Resource,
  missing: readonly Mismatch[],
): Requirements | null {
  if (missing.length === 0) return null;
  let changed = { ...requirements };
  for (const name of missing) changed = relax[name](changed, capability, free);
  const asked = canonical(changed);
  const possible = asked.minProcessors >= 1 && eligible(asked, capability, free) === null;
  return possible ? asked : null;
}

type Relax = (of: Requirements, capability: Resource['place']['capability'], free: Resource['place']['free']) => Requirements; // prettier-ignore

const first = (names: readonly string[] | null): string[] => (names ?? []).slice(0, 1);
const without = (names: readonly string[], gone: readonly string[]): string[] =>
  names.filter((name) => !gone.includes(name));

/** The least change of each requirement for a place. */
const relax: Record<Mismatch, Relax> = {
  site: (of, { sites }) => ({ ...of, sites: [...of.sites, ...first(sites)] }),
  'banned-site': (of, { sites }) => ({ ...of, bannedSites: without(of.bannedSites, first(sites)) }),
  ce: (of, { ces }) => ({ ...of, ces: [...of.ces, ...first(ces)] }),
  platform: (of, { platforms }) => ({ ...of, platforms: [...of.platforms, ...first(platforms)] }),
  'job-type': (of, { jobTypes }) => ({ ...of, jobType: first(jobTypes)[0] ?? '' }),
  tags: (of, { tags }) => ({ ...of, tags: of.tags.filter((tag) => tags?.includes(tag) ?? true) }),
  'required-tags': (of, { requiredTags }) => ({ ...of, tags: [...of.tags, ...requiredTags] }),
  'banned-by-place': (of, place) => ({
    ...of,
    sites: without(of.sites, place.bannedSites),
    ces: without(of.ces, place.bannedCes),
    platforms: without(of.platforms, place.bannedPlatforms),
    jobType: place.bannedJobTypes.includes(of.jobType) ? '' : of.jobType,
    tags: without(of.tags, place.bannedTags),
  }),
  'whole-node': (of) => ({ ...of, wholeNode: false }),
  processors: (of, _, { processors }) => ({ ...of, minProcessors: Math.floor(processors) }),
  memory: (of, _, { memory }) => ({ ...of, minRam: Math.floor(memory) }),
  gpus: (of, _, { gpus }) => ({ ...of, gpus: Math.floor(gpus) }),
  'cpu-work': (of, _, { cpuWorkLeft }) => ({
    ...of,
    cpuWork: cpuWorkSegments.findLast((segment) => segment <= cpuWorkLeft) ?? of.cpuWork,
  }),
  'wall-time': (of, _, { wallLeft }) => ({ ...of, wallTime: wallLeft < 1 ? null : Math.floor(wallLeft) }),
};

/** In how many fields requirements differ. */
function fieldsOf(from: Requirements, to: Requirements): number {
  const keys = Object.keys(from) as (keyof Requirements)[];
  return keys.filter((key) => JSON.stringify(from[key]) !== JSON.stringify(to[key])).length;
}

/** How far numbers move, each as a part of what is asked, and how many names change; only comparable for one set of names. */
function distanceOf(from: Requirements, to: Requirements): number {
  const numbers = ['minProcessors', 'minRam', 'gpus', 'cpuWork', 'wallTime'] as const;
  const moved = numbers.reduce((sum, key) => {
    const asked = from[key] ?? 0;
    return asked === 0 ? sum : sum + (asked - (to[key] ?? 0)) / asked;
  }, 0);
  const sets = ['sites', 'bannedSites', 'ces', 'platforms', 'tags'] as const;
  const named = sets.reduce(
    (sum, key) => sum + without(from[key], to[key]).length + without(to[key], from[key]).length,
    0,
  );
  return moved + named;
}
