import { type Fit, type FittingPlace, type RequirementCount, requirementNames } from '../../contract/index.js';
import type { Mismatch } from '../task-queues/eligible.js';
import type { Requirements } from '../task-queues/requirements.js';
import { neverTogether } from './never-together.js';
import { countOf, type Held, holdAgainst, isOpen, type Resource } from './resources.js';
import { smallestChanges } from './smallest-change.js';
import { asks } from './words.js';

const mostPlaces = 20;

/**
 * Requirements against all known resources, and those that fit. `resources` could serve the owner; `bound` are pilots that
 * could not. What is closed by its status counts as a mismatch of its own. Pure; the time grows with
 * requirements × resources.
 */
export function fitOf(
  requirements: Requirements,
  resources: readonly Resource[],
  bound: readonly Resource[],
): { fit: Fit; fitting: Resource[] } {
  const held = holdAgainst(requirements, resources);
  const fitting = held.filter(({ missing }) => missing.length === 0).map(({ resource }) => resource);
  const open = fitting.filter((resource) => isOpen(resource, requirements.jobType));
  const fit = {
    known: countOf(resources),
    fitting: countOf(fitting),
    closed: countOf(fitting.filter((resource) => !open.includes(resource))),
    bound_elsewhere: countOf(
      holdAgainst(requirements, bound).flatMap(({ resource, missing }) => (missing.length === 0 ? [resource] : [])),
    ).pilots,
    requirements: requirementCounts(requirements, held),
    never_together: fitting.length > 0 ? null : neverTogether(held.map(({ missing }) => missing)),
    changes: open.length > 0 ? [] : smallestChanges(requirements, openOnes(resources, requirements)),
    places: placesOf(fitting),
  };
  return { fit, fitting };
}

/** Each requirement that the job has, or that some resource makes of it, alone and together with those before it. */
function requirementCounts(requirements: Requirements, held: readonly Held[]): RequirementCount[] {
  let left = held;
  const counts: RequirementCount[] = [];
  for (const requirement of requirementNames) {
    const failing = held.filter(({ missing }) => missing.includes(requirement));
    const words = asks(requirements, requirement);
    if (words === null && failing.length === 0) continue;
    left = left.filter(({ missing }) => !missing.includes(requirement));
    const passing = held.filter(({ missing }) => !missing.includes(requirement));
    counts.push({
      requirement,
      asks: words ?? noWish[requirement] ?? 'nothing in particular',
      pass: resourcesOf(passing),
      fail: resourcesOf(failing),
      left: resourcesOf(left),
    });
  }
  return counts;
}

/** What a place may make of a job that asks for nothing. */
const noWish: Partial<Record<Mismatch, string>> = {
  'required-tags': 'no tags, but some places want jobs with certain tags only',
  'banned-by-place': 'nothing special, but some places refuse such jobs',
};

function resourcesOf(held: readonly Held[]) {
  return countOf(held.map(({ resource }) => resource));
}

function openOnes(resources: readonly Resource[], { jobType }: Requirements): Resource[] {
  return resources.filter((resource) => isOpen(resource, jobType));
}

/** Queues that fit with the fitting pilots there, and places that only pilots stand for. */
function placesOf(fitting: readonly Resource[]): FittingPlace[] {
  const places = new Map<string, FittingPlace>();
  for (const { kind, site, ce, queue, count, verdict, trouble } of fitting) {
    const key = [site, ce, queue].join('/').toLowerCase();
    const place = places.get(key) ?? { site, ce, queue, pilots: 0, verdict, trouble };
    if (kind === 'pilots') place.pilots += count;
    places.set(key, place);
  }
  const rank = { open: 0, 'tests-only': 1, closed: 2 };
  return [...places.values()]
    .toSorted((a, b) => rank[a.verdict] - rank[b.verdict] || b.pilots - a.pilots)
    .slice(0, mostPlaces);
}
