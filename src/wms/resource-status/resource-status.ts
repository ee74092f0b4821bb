import type { ResourceKind, ResourceState, StorageAccess } from '../../contract/index.js';
import { watchAuthor } from '../black-holes/watch-author.js';

/** What a status is about. Names compare without case. */
export interface Resource {
  kind: ResourceKind;
  /** Of a CE `<site>/<ce>`, of a host `<site>/<host name>`, of a pilot its stamp. */
  name: string;
  /** Empty: for all VOs. */
  vo: string;
  /** Empty for everything but storage. */
  access: StorageAccess | '';
}

/** A status in force. Names and VO are folded; times are the database's. */
export interface ResourceStatus extends Resource {
  status: ResourceState;
  reason: string;
  author: string;
  setAt: string;
  /** Null: until it is taken back. */
  expiresAt: string | null;
}

/** Where a pilot is, or would be: what is not said is not asked about. */
export interface Whereabouts {
  vo: string;
  site: string;
  /** Name within the site. */
  ce?: string | null;
  /** Name of the node. */
  host?: string | null;
  stamp?: string | null;
}

/** What may begin at a place: everything, only jobs of type Test, or nothing. What runs already goes on. */
export interface Verdict {
  verdict: 'open' | 'tests-only' | 'closed';
  /** The worst status in force there; null when none is set. */
  because: ResourceStatus | null;
}

/** The job type that may run where a resource is probed, folded. */
export const testJobType = 'test';

const severity: Record<ResourceState, number> = { Active: 0, Degraded: 1, Probing: 2, Banned: 3 };
const verdicts: Record<ResourceState, Verdict['verdict']> = {
  Active: 'open',
  Degraded: 'open',
  Probing: 'tests-only',
  Banned: 'closed',
};

/** Everything is open. */
export const open: Verdict = { verdict: 'open', because: null };

/** The verdict of several statuses: the worst of them decides; of equal ones the first. */
export function worstOf(statuses: readonly (ResourceStatus | null)[]): Verdict {
  let worst: ResourceStatus | null = null;
  for (const status of statuses) {
    if (status !== null && (worst === null || severityOf(status) > severityOf(worst))) worst = status;
  }
  if (worst === null) return open;
  return { verdict: isOnProbation(worst) ? 'open' : verdicts[worst.status], because: worst };
}

/** Probed with a few jobs of any type, which the claim counts: a place that was set aside because it ate jobs. */
export function isOnProbation({ status, author }: Pick<ResourceStatus, 'status' | 'author'>): boolean {
  return status === 'Probing' && author === watchAuthor;
}

function severityOf(status: ResourceStatus): number {
  return severity[isOnProbation(status) ? 'Degraded' : status.status];
}

/** Whether a job of this type (folded) may begin where there is such a verdict. */
export function mayBegin(jobType: string, verdict: Verdict['verdict']): boolean {
  return verdict === 'open' || (verdict === 'tests-only' && jobType === testJobType);
}

/** Whether one status allows less than another. */
export function isStricter(one: ResourceState, than: ResourceState): boolean {
  return severity[one] > severity[than];
}

/**
 * Whether a person's status for all VOs is in force in spite of a VO's own: it is stricter and was set later, so that nobody
 * has looser rights than the service by having set them before. The watch overrides nobody.
 */
export function overrides(
  forAll: Pick<ResourceStatus, 'status' | 'setAt' | 'author'>,
  own: Pick<ResourceStatus, 'status' | 'setAt'>,
): boolean {
  return forAll.author !== watchAuthor && forAll.setAt > own.setAt && isStricter(forAll.status, own.status);
}

/** The resources of a place, as they are named. */
export function resourcesOf({ site, ce, host, stamp }: Whereabouts): Pick<Resource, 'kind' | 'name'>[] {
  const given = (name: string | null | undefined): name is string => name !== undefined && name !== null && name !== '';
  return [
    { kind: 'site', name: site },
    ...(given(ce) ? [{ kind: 'ce' as const, name: `${site}/${ce}` }] : []),
    ...(given(host) ? [{ kind: 'host' as const, name: `${site}/${host}` }] : []),
    ...(given(stamp) ? [{ kind: 'pilot' as const, name: stamp }] : []),
  ];
}

/** A resource as it is stored and compared. */
export function folded<R extends Resource>(resource: R): R {
  return { ...resource, name: fold(resource.name), vo: fold(resource.vo) };
}

/** One text for a folded resource. */
export function keyOf({ kind, name, vo, access }: Resource): string {
  return `${kind} ${vo} ${access} ${name}`;
}

/** A name as it is compared and stored; nothing is compared beyond what the table holds. */
export function fold(name: string): string {
  return name.trim().toLowerCase().slice(0, 400);
}
