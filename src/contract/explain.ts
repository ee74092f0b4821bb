import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { jobStates } from './job-state.js';
import { pilotStates } from './pilot-state.js';
import { JobId, Stamp, Time } from './values.js';

/** What a job may require of a place, in the order in which matching looks at it. */
export const requirementNames = [
  'site',
  'banned-site',
  'ce',
  'platform',
  'job-type',
  'tags',
  'required-tags',
  'banned-by-place',
  'whole-node',
  'processors',
  'memory',
  'gpus',
  'cpu-work',
  'wall-time',
] as const;
export type RequirementName = (typeof requirementNames)[number];

const RequirementName = z.enum(requirementNames);
const count = z.number().int().min(0);

/** Known resources: queues of the configuration that the VO may use, and pilots of the VO that were seen lately. */
export const Resources = z.object({ queues: count, pilots: count });
export type Resources = z.output<typeof Resources>;

/** One requirement, held against every known resource. */
export const RequirementCount = z.object({
  requirement: RequirementName,
  /** What is asked for, in words. */
  asks: z.string(),
  pass: Resources,
  fail: Resources,
  /** Those that pass this requirement and all that stand before it. */
  left: Resources,
});
export type RequirementCount = z.output<typeof RequirementCount>;

/** What somebody would have to ask for instead, for some resource to do. */
export const SuggestedChange = z.object({
  /** The requirements that change; no fewer would do where this is the first suggestion. */
  requirements: z.array(RequirementName),
  /** Both sides of each change, in words, and what it comes to. */
  words: z.string(),
  /** The resources that would do then. */
  then: Resources,
});
export type SuggestedChange = z.output<typeof SuggestedChange>;

/** A place that fits. */
export const FittingPlace = z.object({
  site: z.string(),
  ce: z.string(),
  queue: z.string(),
  /** Live pilots there that fit. */
  pilots: count,
  /** `open`, `tests-only` or `closed`, by the status of site and CE. */
  verdict: z.enum(['open', 'tests-only', 'closed']),
  /** Why it is not open, or why no pilots are sent there at the moment; null when nothing is wrong. */
  trouble: z.string().nullable(),
});
export type FittingPlace = z.output<typeof FittingPlace>;

/** Requirements against resources. */
export const Fit = z.object({
  known: Resources,
  /** Those that fulfil every requirement; `closed` ones among them are banned, or take tests only. */
  fitting: Resources,
  closed: Resources,
  /** Pilots that would fit but serve another owner, because they cannot separate payloads. */
  bound_elsewhere: count,
  requirements: z.array(RequirementCount),
  /** The fewest requirements that no known resource fulfils together; null when one fulfils all. */
  never_together: z.array(RequirementName).nullable(),
  /** The smallest change first; none when something fits. */
  changes: z.array(SuggestedChange),
  /** At most 20. */
  places: z.array(FittingPlace),
});
export type Fit = z.output<typeof Fit>;

/** A reason, with a stable code. The first one of a list matters most. */
export const Reason = z.object({ code: z.string(), text: z.string() });
export type Reason = z.output<typeof Reason>;

/** A number of jobs; with `at_least`, counting stopped there. */
export const Ahead = z.object({ jobs: count, at_least: z.boolean() });
export type Ahead = z.output<typeof Ahead>;

/** Whose turn it is. Use is normalised core seconds with a half-life; a turn is use divided by share: the lowest goes first. */
export const ShareStanding = z.object({
  group: z.object({ turn: z.number(), share: z.number(), groups_before: count }),
  owner: z.object({ turn: z.number(), share: z.number() }).nullable(),
  /** Share entities of the VO with waiting jobs, and those of them that go before this one now. */
  entities: count,
  entities_before: count,
  /** Their names, the next first, at most 10; null for who may not see them. */
  before: z.array(z.string()).nullable(),
});
export type ShareStanding = z.output<typeof ShareStanding>;

/** When a job may start: an estimate from the claims of the last time, never a promise. */
export const Estimate = z.object({
  /** Seconds from now; null when nothing can be said. */
  earliest: z.number().nullable(),
  latest: z.number().nullable(),
  words: z.string(),
});
export type Estimate = z.output<typeof Estimate>;

/** Pilots on their way to the places that fit. */
export const Supply = z.object({
  /** Submitted, but not yet heard of. */
  pilots_coming: count,
  pilots_running: count,
});

/** Why something waits, beyond one job. */
export const Waiting = z.object({
  fit: Fit,
  share: ShareStanding,
  supply: Supply,
  limits: z.array(Reason),
  estimate: Estimate,
});
export type Waiting = z.output<typeof Waiting>;

/** How a job was chosen for the pilot that got it. */
export const Decision = z.object({
  attempt: z.number().int(),
  claimed_at: Time,
  pilot_stamp: z.string(),
  configuration_version: z.number().int(),
  task_queue: z.number().int().nullable(),
  /** The turns at which it was chosen; null for attempts of before these were kept. */
  turns: z.object({ vo: z.number(), group: z.number(), owner: z.number() }).nullable(),
});
export type Decision = z.output<typeof Decision>;

export const JobExplanation = z.object({
  job_id: JobId,
  status: z.enum(jobStates),
  minor_status: z.string(),
  /** The answer in one sentence. */
  summary: z.string(),
  reasons: z.array(Reason),
  task_queue: z.number().int().nullable(),
  /** How the latest attempt came about; null before the first. */
  decision: Decision.nullable(),
  /** Null when the job does not wait to be claimed. */
  waiting: Waiting.nullable(),
  /** Jobs of its task queue that go first, and jobs of the other task queues of its share entity that do. */
  ahead: z.object({ in_task_queue: Ahead, in_share_entity: Ahead }).nullable(),
});
export type JobExplanation = z.output<typeof JobExplanation>;

export const TaskQueueExplanation = z.object({
  task_queue: z.number().int(),
  vo: z.string(),
  /** Group and owner; null for who may not see them. The owner of a group with JobSharing is empty. */
  group: z.string().nullable(),
  owner: z.string().nullable(),
  requirements: z.array(z.object({ requirement: RequirementName, asks: z.string() })),
  waiting_jobs: Ahead,
  summary: z.string(),
  reasons: z.array(Reason),
  /** Null when no job waits in it. */
  waiting: Waiting.nullable(),
});
export type TaskQueueExplanation = z.output<typeof TaskQueueExplanation>;

/** How many task queues fail a requirement at one pilot. */
const QueuesFailing = z.object({ requirement: RequirementName, queues: count });

export const PilotExplanation = z.object({
  stamp: Stamp,
  status: z.enum(pilotStates),
  site: z.string(),
  ce: z.string(),
  queue: z.string(),
  summary: z.string(),
  reasons: z.array(Reason),
  /** What it offered when it asked last, and when that was noted (at most a minute late); null before it asked. */
  offer: z.record(z.string(), z.unknown()).nullable(),
  offered_at: Time.nullable(),
  /** Its place as matching sees it; null when the offer contradicts itself, or there was none. */
  place: z
    .object({
      platforms: z.array(z.string()).nullable(),
      tags: z.array(z.string()).nullable(),
      required_tags: z.array(z.string()),
      whole_node: z.boolean(),
      processors: z.number(),
      memory: z.number(),
      gpus: z.number(),
      cpu_work_left: z.number().nullable(),
      wall_left: z.number().nullable(),
      idle: z.boolean(),
    })
    .nullable(),
  /** The task queues of its VO with waiting jobs, against that offer; null without one. */
  task_queues: z
    .object({
      waiting: count,
      fitting: count,
      /** Of the fitting ones, those of other owners than the one whom it serves. */
      of_other_owners: count,
      failing: z.array(QueuesFailing),
      /** The task queue that lacks least, and what it lacks; null when one fits, or none waits. */
      nearest: z
        .object({
          task_queue: z.number().int(),
          lacks: z.array(RequirementName),
          words: z.string(),
          /** How many task queues lack just these requirements. */
          alike: count,
        })
        .nullable(),
    })
    .nullable(),
});
export type PilotExplanation = z.output<typeof PilotExplanation>;

const common = { method: 'GET', traffic: 'search' } as const;

/** Why something waits. */
export const explain = {
  job: endpoint({
    ...common,
    name: 'explain.job',
    path: '/api/jobs/:id/explain',
    access: 'read-jobs',
    summary: 'Why a job waits: requirements against known resources, limits, shares, position, the smallest change',
    params: z.object({ id: JobId }),
    reply: JobExplanation,
  }),
  taskQueue: endpoint({
    ...common,
    name: 'explain.taskQueue',
    path: '/api/task-queues/:id/explain',
    access: 'read-jobs',
    summary: 'Why the jobs of a task queue wait',
    params: z.object({ id: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) }),
    reply: TaskQueueExplanation,
  }),
  pilot: endpoint({
    ...common,
    name: 'explain.pilot',
    path: '/api/pilots/:stamp/explain',
    access: 'read-pilots',
    summary: 'Why a pilot got nothing: its place and last offer against the waiting task queues of its VO',
    params: z.object({ stamp: Stamp }),
    reply: PilotExplanation,
  }),
} as const;
