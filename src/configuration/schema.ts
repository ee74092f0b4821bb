import { z } from 'zod';
import { properties } from '../contract/index.js';
import { BlackHoles } from './black-holes.js';
import { Limits } from './limits.js';
import { KeptDecisions } from './decisions.js';
import { MatchingTerms } from './matching.js';
import { ShareTerms } from './shares.js';
import { runningLimits } from './running-limits.js';

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64');
const count = z.number().int().min(0);

/** A group of a VO: who is in it, what it may do, and its share of the VO. */
const Group = z.strictObject({
  properties: z.array(z.enum(properties)).default(['NormalUser']).describe('What its members may do'),
  share: z
    .number()
    .positive()
    .default(1000)
    .describe("Share of the VO's work, relative to the other groups (DIRAC's JobShare)"),
  owner_shares: z
    .record(z.string(), z.number().positive())
    .default({})
    .describe('Shares of single owners within the group, by user name; others have 1'),
  max_sandbox_bytes_per_owner: count
    .nullable()
    .default(null)
    .describe('Most bytes in sandboxes of an owner who acts in this group; what the VO says when null'),
  running_limits: runningLimits.group,
});

const JobLimits = z.strictObject({
  min_cpu_work: count.default(100).describe('Least CPU work of a job (normalised seconds)'),
  max_cpu_work: count.default(500_000).describe('Most CPU work of a job (normalised seconds)'),
  default_cpu_work: count.default(86_400).describe('CPU work of a job that names none (normalised seconds)'),
  max_wall_time: count.default(864_000).describe('Longest wall time of a job (s)'),
  min_priority: count.default(0).describe('Lowest priority'),
  max_priority: count.default(10).describe('Highest priority'),
  default_priority: count.default(1).describe('Priority of a job that names none'),
  max_input_data: count.default(500).describe('Most input files of a job'),
  job_types: z.array(name).default(['User', 'Test', 'Hospital']).describe('The job types that may be submitted'),
  max_jobs_per_jdl_call: count
    .default(20)
    .describe('Largest number of jobs of one DiracX call, parametric children included'),
  max_jobs_per_call: count
    .default(10_000)
    .describe('Most jobs that one call submits, or changes: kill, delete, reschedule, status, heartbeat, metadata'),
  max_listed_problems: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(1_000)
    .describe('Most problems that the refusal of a submission lists; the rest is counted'),
  max_waiting_per_owner: count.default(1_000_000).describe('Most waiting jobs of one owner'),
  max_sandbox_bytes: count.default(104_857_600).describe('Largest sandbox (bytes)'),
  max_sandbox_bytes_per_owner: count
    .default(1_000_000_000_000)
    .describe(
      'Most bytes in all sandboxes of one owner; beyond, no uploads and no new jobs, but outputs of jobs are kept',
    ),
  max_rescheduling: count
    .default(3)
    .describe('How often a user may reschedule a job, and how often failures of the payload do it'),
  max_infrastructure_failures: count
    .default(20)
    .describe('How often an attempt may be lost to the infrastructure before the job fails'),
});

const days = z.number().positive().max(36_500);
/** What a VO may decide for itself. */
const voRetention = {
  finished_jobs_days: days.describe('Days that jobs in a final state are kept, counted from the end of the day'),
  archive_jobs: z.boolean().describe('Write finished jobs to the archive before they are deleted'),
  pilots_days: days.describe('Days that ended pilots are kept; what is left of their logs goes with them'),
  pilot_logs_days: days.describe('Days that the logs of ended pilots are kept'),
  output_sandboxes_days: days.describe(
    'Days that output sandboxes of finished jobs are kept; never longer than their jobs',
  ),
  unassigned_sandboxes_days: days.describe('Days that a sandbox is kept that no job uses'),
};

const VirtualOrganisation = z.strictObject({
  share: z.number().positive().default(1000).describe('Share of the installation, relative to the other VOs'),
  groups: z.record(name, Group).refine((groups) => Object.keys(groups).length > 0, 'a VO needs a group'),
  default_group: name.describe('Group of a member who names none'),
  support: z
    .strictObject({
      message: z.string().describe('Whom users turn to'),
      webpage: z.string().nullable().default(null).describe('Page for users who need help'),
      email: z.string().nullable().default(null).describe('Address for users who need help'),
    })
    .default({ message: 'Please contact system administrator', webpage: null, email: null }),
  jobs: JobLimits.prefault({}),
  demand_isolation: z
    .boolean()
    .default(false)
    .describe('Refuse pilots that cannot separate payloads from their secrets'),
  max_pilots: count.default(10_000).describe('Most pilots of this VO at one time'),
  see_all_jobs: z.boolean().default(true).describe("What its members may see of others' jobs within the VO"),
  retention: z
    .strictObject(voRetention)
    .partial()
    .default({})
    .describe('Rules of this VO where they differ from those of the installation'),
  running_limits: runningLimits.vo,
});

/** A queue of a CE: what a pilot that is submitted there will get, and how many may go there. */
const Queue = z.strictObject({
  vos: z.array(name).min(1).describe('VOs whose pilots may be submitted here'),
  processors: z.number().int().min(1).default(1).describe('Cores of a pilot'),
  memory: count.default(2_000).describe('MB for the whole pilot'),
  gpus: count.default(0).describe('GPUs of a pilot'),
  whole_node: z.boolean().default(false).describe('A pilot has the node for itself'),
  max_wall_time: z.number().int().min(60).default(86_400).describe('Seconds of wall time that a pilot gets'),
  cpu_power: z
    .number()
    .positive()
    .default(10)
    .describe('Benchmark score of a core (DB12 scale): `max_wall_time × cpu_power` is the CPU work on offer'),
  tags: z.array(z.string()).default([]).describe('What jobs may ask for by tag'),
  required_tags: z.array(z.string()).default([]).describe('Only jobs with all of these tags run here'),
  platforms: z.array(z.string()).default([]).describe('Platforms that jobs may ask for; those of the site when empty'),
  max_waiting_pilots: count.default(10).describe('Most pilots that wait in this queue'),
  max_pilots: count.default(100).describe('Most pilots of this queue at one time'),
  settings: z.record(z.string(), z.unknown()).default({}).describe('Passed to the driver with each submission'),
});

const ComputingElement = z.strictObject({
  driver: name.describe('Kind of the CE; docs/sites has a page for each'),
  settings: z.record(z.string(), z.unknown()).default({}).describe('Settings of the driver'),
  running_limits: runningLimits.ce,
  queues: z.record(name, Queue),
});

const Site = z.strictObject({
  description: z.string().default('').describe('For people'),
  max_pilots: count.default(10_000).describe('Most pilots of this site at one time'),
  platforms: z.array(z.string()).default([]).describe('Platforms of its queues, where they name none'),
  running_limits: runningLimits.site,
  ces: z.record(name, ComputingElement),
});

const StorageElement = z.looseObject({
  driver: name.describe('`file` or `s3`; the other keys are the settings of the driver'),
});

/** The configuration of an installation: one document, checked as a whole, applied as a numbered version. */
export const Configuration = z.strictObject({
  vos: z.record(name, VirtualOrganisation),
  sites: z.record(name, Site).default({}),
  storage: z
    .strictObject({
      elements: z.record(name, StorageElement),
      sandboxes: name.describe('The storage element of sandboxes'),
      pilot_logs: name.describe('The storage element of pilot logs'),
      archive: name
        .optional()
        .describe('The storage element of archives of finished jobs; that of pilot logs when absent'),
    })
    .describe('Storage elements by name, and which of them holds sandboxes, pilot logs and archives'),
  pilots: z
    .strictObject({
      secret_lifetime: z
        .number()
        .int()
        .min(60)
        .default(7 * 86_400)
        .describe('Seconds a one-time secret lives after its pilot was handed to a CE (queueing included)'),
      token_lifetime: z.number().int().min(60).default(3_600).describe('Seconds a pilot token lives; pilots renew it'),
      environment: z
        .record(z.string().regex(/^PILOTAGE_PILOT_[A-Z_]+$/), z.string())
        .default({})
        .describe('Environment for all pilots (`PILOTAGE_PILOT_*`)'),
      max_log_bytes: count
        .default(64 * 1024 * 1024)
        .describe('Largest pilot log (bytes); the last words of a pilot may exceed it by 64 KiB'),
      log_bytes_per_second: count
        .default(256 * 1024)
        .describe(
          'Log that a pilot may send in the long run, per server (bytes/s; a chunk counts 16 KiB at least); 0 for no limit',
        ),
      log_burst_bytes: count
        .min(1024 * 1024)
        .default(8 * 1024 * 1024)
        .describe('Log that a pilot may send at once after a pause, per server (bytes)'),
    })
    .prefault({}),
  tokens: z
    .strictObject({ access_lifetime: z.number().int().min(60).default(1_200).describe('Seconds a user token lives') })
    .prefault({}),
  security: z
    .strictObject({
      contacts: z
        .array(
          z.string().regex(/^(mailto:|https:\/\/|tel:)[^\s]+$/, 'a link that begins with mailto:, https:// or tel:'),
        )
        .default([])
        .describe(
          'Where to report vulnerabilities (`mailto:`, `https:` or `tel:` links); `/.well-known/security.txt` shows them',
        ),
    })
    .prefault({}),
  limits: Limits.prefault({}),
  shares: ShareTerms,
  matching: MatchingTerms,
  decisions: KeptDecisions,
  running_limits: runningLimits.installation,
  black_holes: BlackHoles.prefault({}),
  retention: z
    .strictObject({
      finished_jobs_days: voRetention.finished_jobs_days.default(30),
      archive_jobs: voRetention.archive_jobs.default(true),
      history_days: days
        .default(180)
        .describe('Days that histories and attempts are kept; never shorter than their jobs, by whole months'),
      pilots_days: voRetention.pilots_days.default(30),
      pilot_logs_days: voRetention.pilot_logs_days.default(30),
      output_sandboxes_days: voRetention.output_sandboxes_days.default(30),
      unassigned_sandboxes_days: voRetention.unassigned_sandboxes_days.default(15),
      audit_days: days.default(730).describe('Days that entries of the audit are kept'),
    })
    .prefault({}),
});
export type Configuration = z.output<typeof Configuration>;
export type VirtualOrganisation = Configuration['vos'][string];
export type QueueConfiguration = z.output<typeof Queue>;
