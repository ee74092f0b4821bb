import { Refusal } from '../../contract/index.js';
import { foldName, isAny, nameSet } from './requirements.js';

/** Names that a place has; null when it says nothing of them, or "any": then they exclude no job. */
export type Names = readonly string[] | null;

/** What a place is, whatever runs there at the moment. Names are folded. */
export interface Capability {
  sites: Names;
  ces: Names;
  platforms: Names;
  jobTypes: Names;
  /** Null means any tag. */
  tags: Names;
  /** Jobs without these tags are not wanted. */
  requiredTags: readonly string[];
  bannedSites: readonly string[];
  bannedCes: readonly string[];
  bannedPlatforms: readonly string[];
  bannedJobTypes: readonly string[];
  bannedTags: readonly string[];
  /** May be given to one job as a whole. */
  wholeNode: boolean;
}

/** What of it is free now. Memory in MB, `wallLeft` in seconds, `cpuWorkLeft` in normalised seconds per core. */
export interface Free {
  processors: number;
  memory: number;
  gpus: number;
  cpuWorkLeft: number;
  wallLeft: number;
  /** Nothing runs there. */
  idle: boolean;
}

/** The names as somebody writes them; every list may be left out. */
export interface CapabilityInput {
  sites?: readonly string[];
  ces?: readonly string[];
  platforms?: readonly string[];
  jobTypes?: readonly string[];
  tags?: readonly string[];
  requiredTags?: readonly string[];
  bannedSites?: readonly string[];
  bannedCes?: readonly string[];
  bannedPlatforms?: readonly string[];
  bannedJobTypes?: readonly string[];
  bannedTags?: readonly string[];
  wholeNode?: boolean;
}

/**
 * A capability from names as they are written. Tags that are not named are not there; of everything else, what is not
 * named is not restricted. Required tags must be among the tags, else it is the Refusal `wrong-conditions`: no job could
 * ever come.
 */
export function capabilityOf(input: CapabilityInput): Capability | Refusal {
  const tags = input.tags?.some(isAny) === true ? null : nameSet(input.tags ?? []);
  const requiredTags = nameSet((input.requiredTags ?? []).filter((tag) => !isAny(tag)));
  const lacking = tags === null ? [] : requiredTags.filter((tag) => !tags.includes(tag));
  if (lacking.length > 0) {
    return new Refusal('wrong-conditions', `The required tags ${lacking.join(', ')} are not among the tags on offer`);
  }
  return {
    sites: names(input.sites),
    ces: names(input.ces),
    platforms: names(input.platforms),
    jobTypes: names(input.jobTypes),
    tags,
    requiredTags,
    bannedSites: nameSet(input.bannedSites ?? []),
    bannedCes: nameSet(input.bannedCes ?? []),
    bannedPlatforms: nameSet(input.bannedPlatforms ?? []),
    bannedJobTypes: nameSet(input.bannedJobTypes ?? []),
    bannedTags: nameSet(input.bannedTags ?? []),
    wholeNode: input.wholeNode ?? false,
  };
}

const signatures = new WeakMap<Capability, string>();

/** Equal capabilities have equal signatures. The object must not change afterwards. */
export function signatureOf(capability: Capability): string {
  const known = signatures.get(capability);
  if (known !== undefined) return known;
  const made = JSON.stringify(capability);
  signatures.set(capability, made);
  return made;
}

function names(given: readonly string[] | undefined): Names {
  const folded = (given ?? []).map(foldName).filter((name) => name !== '');
  return folded.length === 0 || folded.some(isAny) ? null : nameSet(folded);
}
