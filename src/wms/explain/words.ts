import type { Mismatch } from '../task-queues/eligible.js';
import type { Requirements } from '../task-queues/requirements.js';
import type { Resource } from './resources.js';

/** What a job asks for of one requirement, in words; null when it does not mind. */
export function asks(of: Requirements, requirement: Mismatch): string | null {
  return wishes[requirement](of);
}

const some = (names: readonly string[], words: (list: string) => string): string | null =>
  names.length === 0 ? null : words(names.length > 8 ? `${names.slice(0, 8).join(', ')} … (${names.length})` : names.join(', ')); // prettier-ignore

const wishes: Record<Mismatch, (of: Requirements) => string | null> = {
  site: ({ sites }) => some(sites, (list) => `site ${list}`),
  'banned-site': ({ bannedSites }) => some(bannedSites, (list) => `not at site ${list}`),
  ce: ({ ces }) => some(ces, (list) => `computing element ${list}`),
  platform: ({ platforms }) => some(platforms, (list) => `platform ${list}`),
  'job-type': ({ jobType }) => (jobType === '' ? null : `job type ${jobType}`),
  tags: ({ tags }) => some(tags, (list) => `tags ${list}`),
  'required-tags': () => null,
  'banned-by-place': () => null,
  'whole-node': ({ wholeNode }) => (wholeNode ? 'a whole node' : null),
  processors: ({ minProcessors }) => amount(minProcessors, 'processor', 'processors'),
  memory: ({ minRam }) => (minRam === 0 ? null : `${thousands(minRam)} MB of memory`),
  gpus: ({ gpus }) => (gpus === 0 ? null : amount(gpus, 'GPU', 'GPUs')),
  'cpu-work': ({ cpuWork }) => `CPU work of ${thousands(cpuWork)} normalised seconds per core`,
  'wall-time': ({ wallTime }) => (wallTime === null ? null : `${thousands(wallTime)} s of wall time`),
};

/** A change in words: what to ask instead of what, and how many resources would do then. */
export function changeInWords(
  from: Requirements,
  to: Requirements,
  names: readonly Mismatch[],
  then: readonly Resource[],
): string {
  const parts = new Set(names.flatMap((name) => changes[name](from, to, then)));
  return [...parts].join(', and ');
}

type InWords = (from: Requirements, to: Requirements, then: readonly Resource[]) => string[];

const atMost =
  (key: 'minRam' | 'gpus' | 'cpuWork', unit: string): InWords =>
  (from, to) => [
    to[key] === 0
      ? `ask for no ${unit} (you ask for ${thousands(from[key])})`
      : `ask for at most ${thousands(to[key])} ${unit} (you ask for ${thousands(from[key])})`,
  ];
const names =
  (key: 'sites' | 'bannedSites' | 'ces' | 'platforms' | 'tags', unit: string): InWords =>
  (from, to, then) => {
    const added = to[key].filter((name) => !from[key].includes(name));
    const gone = from[key].filter((name) => !to[key].includes(name));
    const written = (list: string[]): string => list.map((name) => asWritten(name, key, then)).join(', ');
    return [
      ...(added.length > 0 ? [`add ${unit} ${written(added)}`] : []),
      ...(gone.length > 0 ? [`leave out ${unit} ${written(gone)}`] : []),
    ];
  };
const jobType: InWords = (from, to) => [
  to.jobType === '' ? `name no job type (yours is ${from.jobType})` : `make it a job of type ${to.jobType}`,
];

const changes: Record<Mismatch, InWords> = {
  site: names('sites', 'site'),
  'banned-site': (from, to, then) =>
    names('bannedSites', 'site')(from, to, then).map((words) => words.replace('leave out', 'do not ban')),
  ce: names('ces', 'computing element'),
  platform: names('platforms', 'platform'),
  'job-type': jobType,
  tags: names('tags', 'tag'),
  'required-tags': names('tags', 'tag'),
  'banned-by-place': (from, to, then) => [
    ...names('sites', 'site')(from, to, then),
    ...names('ces', 'computing element')(from, to, then),
    ...names('platforms', 'platform')(from, to, then),
    ...(from.jobType === to.jobType ? [] : jobType(from, to, then)),
    ...names('tags', 'tag')(from, to, then),
  ],
  'whole-node': () => ['do not ask for a whole node'],
  processors: (from, to) => [
    `ask for at most ${amount(to.minProcessors, 'processor', 'processors')} (you ask for ${thousands(from.minProcessors)})`,
  ],
  memory: atMost('minRam', 'MB of memory'),
  gpus: atMost('gpus', 'GPUs'),
  'cpu-work': atMost('cpuWork', 'normalised seconds of CPU work'),
  'wall-time': (from, to) => [
    to.wallTime === null
      ? 'name no wall time'
      : `ask for at most ${thousands(to.wallTime)} s of wall time (you ask for ${thousands(from.wallTime ?? 0)})`,
  ],
};

/** Names are compared folded; people read them as the configuration writes them. */
function asWritten(name: string, key: string, resources: readonly Resource[]): string {
  if (key !== 'sites' && key !== 'bannedSites' && key !== 'ces') return name;
  const known = resources.map((resource) => (key === 'ces' ? resource.ce : resource.site));
  return known.find((one) => one.toLowerCase() === name) ?? name;
}

/** `1 queue`, `1,200 queues`. */
export function amount(count: number, one: string, many: string): string {
  return `${thousands(count)} ${count === 1 ? one : many}`;
}

/** A number with commas, as people read it. */
export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A duration as people say it, from seconds: `40 s`, `12 min`, `5 h`, `3 days`. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
