import { hash } from 'node:crypto';
import type { JobDescription } from '../../contract/index.js';

/**
 * What a job needs of a place, as numbers and sets. Names are folded to lower case, because they compare so; an empty
 * set means that everything will do. Memory in MB, times in seconds, `cpuWork` in normalised seconds per core.
 */
export interface Requirements {
  sites: string[];
  bannedSites: string[];
  ces: string[];
  platforms: string[];
  /** Empty when the job does not mind. */
  jobType: string;
  tags: string[];
  minProcessors: number;
  maxProcessors: number;
  wholeNode: boolean;
  minRam: number;
  gpus: number;
  cpuWork: number;
  wallTime: number | null;
}

/** CPU work is rounded up to one of these (DIRAC's), so that similar jobs share a task queue; more is cut. */
export const cpuWorkSegments = [
  360, 1_800, 3_600, 21_600, 43_200, 86_400, 172_800, 259_200, 345_600, 518_400, 691_200, 864_000, 1_080_000,
] as const;
const largestSegment = 1_080_000;

/** What a description that names no CPU work asks for (DIRAC's default); submission fills in the VO's own before. */
const defaultCpuWork = 86_400;

/** The smallest segment that holds so much CPU work. */
export function segmentOf(cpuWork: number): number {
  return cpuWorkSegments.find((segment) => cpuWork <= segment) ?? largestSegment;
}

/** The keys of a description that requirements come from. */
export const requirementKeys = [
  'sites', 'banned_sites', 'ces', 'platforms', 'job_type', 'tags', 'min_processors', 'max_processors', 'whole_node',
  'min_ram', 'gpus', 'cpu_work', 'wall_time',
] as const satisfies readonly (keyof JobDescription)[]; // prettier-ignore

/** The requirements in a description. DIRAC's tag forms (`4Processors`, `2GB`, `WholeNode`) become numbers here. */
export function requirementsOf(description: Pick<JobDescription, (typeof requirementKeys)[number]>): Requirements {
  const tags = readTags(description.tags);
  const minProcessors = Math.max(description.min_processors, tags.processors);
  return canonical({
    sites: description.sites,
    bannedSites: description.banned_sites,
    ces: description.ces,
    platforms: description.platforms,
    jobType: description.job_type,
    tags: tags.names,
    minProcessors,
    maxProcessors: Math.max(description.max_processors ?? minProcessors, minProcessors),
    wholeNode: description.whole_node || tags.wholeNode,
    minRam: Math.max(description.min_ram ?? 0, tags.memory),
    gpus: description.gpus,
    cpuWork: description.cpu_work ?? defaultCpuWork,
    wallTime: description.wall_time ?? null,
  });
}

/** The one way to write these requirements: sets folded, sorted and without repetition, CPU work in its segment. */
export function canonical(requirements: Requirements): Requirements {
  const sites = wanted(requirements.sites);
  return {
    sites,
    bannedSites: nameSet(requirements.bannedSites),
    ces: wanted(requirements.ces),
    platforms: wanted(requirements.platforms),
    jobType: isAny(requirements.jobType) ? '' : foldName(requirements.jobType),
    tags: nameSet(requirements.tags).filter((tag) => tag !== 'multiprocessor' || requirements.minProcessors === 1),
    minProcessors: requirements.minProcessors,
    maxProcessors: requirements.maxProcessors,
    wholeNode: requirements.wholeNode,
    minRam: requirements.minRam,
    gpus: requirements.gpus,
    cpuWork: segmentOf(requirements.cpuWork),
    wallTime: requirements.wallTime,
  };
}

/** SHA-256 (hexadecimal) of canonical requirements: the identity of their class. */
export function hashOf(requirements: Requirements): string {
  return hash('sha256', JSON.stringify(canonical(requirements)));
}

/** A name as it is compared. */
export function foldName(name: string): string {
  return name.trim().toLowerCase();
}

/** Whether a name means that everything will do: `any` in any spelling, punctuation aside. */
export function isAny(name: string): boolean {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '') === 'any';
}

/** Names folded, sorted, each once; blanks dropped. */
export function nameSet(names: readonly string[]): string[] {
  return [...new Set(names.map(foldName).filter((name) => name !== ''))].toSorted();
}

/** A set of wanted names; empty when one of them means any. */
export function wanted(names: readonly string[]): string[] {
  return names.some(isAny) ? [] : nameSet(names);
}

function readTags(tags: readonly string[]): {
  names: string[];
  processors: number;
  memory: number;
  wholeNode: boolean;
} {
  const read = { names: [] as string[], processors: 1, memory: 0, wholeNode: false };
  for (const tag of nameSet(tags)) {
    const [, amount, unit] = /^(\d{1,4})(processors|gb)$/.exec(tag) ?? [];
    if (unit === 'processors') read.processors = Math.max(read.processors, Number(amount));
    else if (unit === 'gb') read.memory = Math.max(read.memory, Number(amount) * 1_000);
    else if (tag === 'wholenode') read.wholeNode = true;
    else read.names.push(tag);
  }
  return read;
}
