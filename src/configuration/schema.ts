import { z } from 'zod';
import { properties } from '../contract/index.js';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64');
const count = z.number().int().min(0);

/** A group of a VO: who is in it, what it may do, and its share of the VO. */
const Group = z.strictObject({
  properties: z.array(z.enum(properties)).default(['NormalUser']),
  /** Share of the VO's work, relative to the other groups (DIRAC's JobShare). */
  share: z.number().positive().default(1000),
  /** Shares of single owners within the group, by user name; others have 1. */
  owner_shares: z.record(z.string(), z.number().positive()).default({}),
});

const JobLimits = z.strictObject({
  min_cpu_work: count.default(100),
  max_cpu_work: count.default(500_000),
  default_cpu_work: count.default(86_400),
  max_wall_time: count.default(864_000),
  min_priority: count.default(0),
  max_priority: count.default(10),
  default_priority: count.default(1),
  max_input_data: count.default(500),
  job_types: z.array(name).default(['User', 'Test', 'Hospital']),
  /** Largest number of jobs of one DiracX call, parametric children included. */
  max_jobs_per_jdl_call: count.default(20),
  max_jobs_per_call: count.default(10_000),
  max_waiting_per_owner: count.default(1_000_000),
  max_sandbox_bytes: count.default(104_857_600),
  /** How often a user may reschedule a job, and how often failures of the payload do it. */
  max_rescheduling: count.default(3),
  /** How often an attempt may be lost to the infrastructure before the job fails. */
  max_infrastructure_failures: count.default(20),
});

const VirtualOrganisation = z.strictObject({
  /** Share of the installation, relative to the other VOs. */
  share: z.number().positive().default(1000),
  groups: z.record(name, Group).refine((groups) => Object.keys(groups).length > 0, 'a VO needs a group'),
  default_group: name,
  support: z
    .strictObject({
      message: z.string(),
      webpage: z.string().nullable().default(null),
      email: z.string().nullable().default(null),
    })
    .default({ message: 'Please contact system administrator', webpage: null, email: null }),
  jobs: JobLimits.prefault({}),
  /** Refuse pilots that cannot separate payloads from their secrets. */
  demand_isolation: z.boolean().default(false),
  /** Most pilots of this VO at one time. */
  max_pilots: count.default(10_000),
  /** What its members may see of others' jobs within the VO. */
  see_all_jobs: z.boolean().default(true),
});

/** A queue of a CE: what a pilot that is submitted there will get, and how many may go there. */
const Queue = z.strictObject({
  vos: z.array(name).min(1),
  processors: z.number().int().min(1).default(1),
  /** MB for the whole pilot. */
  memory: count.default(2_000),
  gpus: count.default(0),
  whole_node: z.boolean().default(false),
  /** Seconds of wall time that a pilot gets. */
  max_wall_time: z.number().int().min(60).default(86_400),
  /** Benchmark score of a core (DB12 scale): `max_wall_time × cpu_power` is the CPU work on offer. */
  cpu_power: z.number().positive().default(10),
  tags: z.array(z.string()).default([]),
  required_tags: z.array(z.string()).default([]),
  platforms: z.array(z.string()).default([]),
  max_waiting_pilots: count.default(10),
  max_pilots: count.default(100),
  /** Passed to the driver with each submission. */
  settings: z.record(z.string(), z.unknown()).default({}),
});

const ComputingElement = z.strictObject({
  driver: name,
  settings: z.record(z.string(), z.unknown()).default({}),
  queues: z.record(name, Queue),
});

const Site = z.strictObject({
  description: z.string().default(''),
  max_pilots: count.default(10_000),
  platforms: z.array(z.string()).default([]),
  ces: z.record(name, ComputingElement),
});

const StorageElement = z.looseObject({ driver: name });

/** The configuration of an installation: one document, checked as a whole, applied as a numbered version. */
export const Configuration = z.strictObject({
  vos: z.record(name, VirtualOrganisation),
  sites: z.record(name, Site).default({}),
  storage: z
    .strictObject({
      elements: z.record(name, StorageElement),
      sandboxes: name,
      pilot_logs: name,
    })
    .describe('Storage elements by name, and which of them holds sandboxes and pilot logs'),
  pilots: z
    .strictObject({
      /** Seconds a one-time secret lives after its pilot was handed to a CE (queueing included). */
      secret_lifetime: z
        .number()
        .int()
        .min(60)
        .default(7 * 86_400),
      token_lifetime: z.number().int().min(60).default(3_600),
      /** Environment for all pilots (`PILOTAGE_PILOT_*`). */
      environment: z.record(z.string().regex(/^PILOTAGE_PILOT_[A-Z_]+$/), z.string()).default({}),
      max_log_bytes: count.default(64 * 1024 * 1024),
    })
    .prefault({}),
  tokens: z.strictObject({ access_lifetime: z.number().int().min(60).default(1_200) }).prefault({}),
  retention: z
    .strictObject({
      finished_jobs_days: z.number().positive().default(30),
      history_days: z.number().positive().default(180),
      pilots_days: z.number().positive().default(30),
      unassigned_sandboxes_days: z.number().positive().default(15),
    })
    .prefault({}),
});
export type Configuration = z.output<typeof Configuration>;
export type VirtualOrganisation = Configuration['vos'][string];
export type QueueConfiguration = z.output<typeof Queue>;
