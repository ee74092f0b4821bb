import type { Capability, Free } from '../task-queues/capability.js';
import type { Mismatch } from '../task-queues/eligible.js';
import type { Place } from '../task-queues/queue-place.js';
import type { Requirements } from '../task-queues/requirements.js';
import { amount, thousands } from './words.js';

/** What a pilot lacks for jobs with these requirements, in words: what they ask for, and what is there. */
export function lacksInWords(requirements: Requirements, place: Place, missing: readonly Mismatch[]): string {
  return missing.map((name) => lacking[name](requirements, place.capability, place.free)).join('; ');
}

const list = (names: readonly string[] | null): string => (names === null ? 'any' : names.join(', ') || 'none');
const number = (what: string, asked: number, free: number): string =>
  `they ask for ${thousands(asked)} ${what}, ${thousands(free)} ${free === 1 ? 'is' : 'are'} free`;

const lacking: Record<Mismatch, (of: Requirements, place: Capability, free: Free) => string> = {
  site: (of, { sites }) => `they want site ${list(of.sites)}, it is at ${list(sites)}`,
  'banned-site': (_, { sites }) => `they ban its site ${list(sites)}`,
  ce: (of, { ces }) => `they want computing element ${list(of.ces)}, it is at ${list(ces)}`,
  platform: (of, { platforms }) => `they want platform ${list(of.platforms)}, it has ${list(platforms)}`,
  'job-type': (of, { jobTypes }) => `they are of type ${of.jobType}, it takes ${list(jobTypes)} only`,
  tags: (of, { tags }) => `they want tags ${list(of.tags)}, it has ${list(tags)}`,
  'required-tags': (of, { requiredTags }) => `it demands tags ${list(requiredTags)}, they have ${list(of.tags)}`,
  'banned-by-place': () => 'they ask by name for something that it refuses',
  'whole-node': (_, { wholeNode }) =>
    wholeNode ? 'they want the whole node, and something runs on it' : 'they want a whole node, it is none',
  processors: (of, _, free) => number('processors', of.minProcessors, free.processors),
  memory: (of, _, free) => number('MB of memory', of.minRam, free.memory),
  gpus: (of, _, free) => number('GPUs', of.gpus, free.gpus),
  'cpu-work': (of, _, free) => number('normalised seconds of CPU work', of.cpuWork, Math.floor(free.cpuWorkLeft)),
  'wall-time': (of, _, free) => `they ask for ${amount(of.wallTime ?? 0, 'second', 'seconds')} of wall time, ${thousands(Math.floor(free.wallLeft))} are left`, // prettier-ignore
};
