import { z } from 'zod';
import type { Capability } from '../task-queues/capability.js';
import type { Requirements } from '../task-queues/requirements.js';

/** JSON writes infinity as null. */
const Measure = z
  .number()
  .nullable()
  .transform((value) => value ?? Infinity);
const Turn = z.object({ vo: Measure, group: Measure, owner: Measure });
const Free = z.object({
  processors: Measure,
  memory: Measure,
  gpus: Measure,
  cpuWorkLeft: Measure,
  wallLeft: Measure,
  idle: z.boolean(),
});

/**
 * What stood against a task queue beside its requirements: the status of the pilot's resources admits none of it, the
 * pilot has just lost its jobs, others have taken them, or a limit is full.
 */
const Bar = z.enum(['status', 'avoided', 'taken', 'limit']);
export type Bar = z.output<typeof Bar>;

/** A task queue that waited, in the order of turns and heads. */
const Candidate = z.object({
  queue: z.number(),
  classId: z.number(),
  group: z.string(),
  ownerSubject: z.string(),
  owner: z.string(),
  headPriority: Measure,
  headJob: z.number(),
  turn: Turn,
  /** For how long its head had been the same (ms). */
  waited: z.number(),
  /** How many of its jobs were known to wait. */
  knownJobs: z.number(),
  /** How many pilots were kept free for it. */
  keptPilots: z.number(),
  /** A requirement that the pilot does not meet, `owner` where it serves another one; null: none. */
  mismatch: z.string().nullable(),
  bar: Bar.nullable(),
  /** The keys of the limits that refused it, or jobs of some owners in it. */
  limits: z.array(z.string()),
});
export type Candidate = z.output<typeof Candidate>;

/** Why a pilot got a job: what it offered just then, what waited before that job, and why that was passed over. */
export const Decision = z.object({
  stamp: z.string(),
  vo: z.string(),
  site: z.string(),
  ce: z.string(),
  place: z.custom<Capability>((value) => typeof value === 'object' && value !== null),
  free: Free,
  /** What the place has when nothing runs there. */
  whole: Free,
  /** Whose jobs it might run only. */
  ownerOnly: z.string().nullable(),
  separates: z.boolean(),
  /** The last one is the chosen one. */
  candidates: z.array(Candidate),
  /** Task queues before the chosen one for which there was no room here. */
  leftOut: z.number(),
  /** What candidates require, by their class. */
  requirements: z.record(
    z.string(),
    z.custom<Requirements>((value) => typeof value === 'object' && value !== null),
  ),
  /** How pilots were kept free for jobs that had waited long. Times in ms, from the decision on. */
  kept: z.object({
    /** After which a pilot is kept free; infinite: never. */
    patience: Measure,
    /** For which task queue this pilot was kept free, or had been in vain (`until` is over). */
    own: z.object({ queue: z.number(), until: Measure, freeUntil: Measure }).nullable(),
    /** Pilots that were kept free for candidates. */
    pilots: z.array(z.object({ stamp: z.string(), queue: z.number() })),
    leftOut: z.number(),
  }),
  chosen: z.object({ queue: z.number(), job: z.number() }),
});
export type Decision = z.output<typeof Decision>;
