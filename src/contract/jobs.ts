import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { failureClasses, jobStates } from './job-state.js';
import { ListBody, Paging, Row, SearchBody, SummaryBody } from './search.js';
import { AnyJobIds, FailedItem, JobId, JobIds, Time } from './values.js';

/** The columns of a job row, in DiracX's order. */
export const jobColumns = [
  'JobID',
  'JobType',
  'JobGroup',
  'Site',
  'JobName',
  'Owner',
  'OwnerGroup',
  'VO',
  'SubmissionTime',
  'RescheduleTime',
  'LastUpdateTime',
  'StartExecTime',
  'HeartBeatTime',
  'EndExecTime',
  'Status',
  'MinorStatus',
  'ApplicationStatus',
  'UserPriority',
  'RescheduleCounter',
  'VerifiedFlag',
  'AccountedFlag',
] as const;
export type JobColumn = (typeof jobColumns)[number];

/** What the server says of a job that it accepted. */
export const AcceptedJob = z.object({
  JobID: JobId,
  Status: z.enum(jobStates),
  MinorStatus: z.string(),
  TimeStamp: Time,
});
export type AcceptedJob = z.output<typeof AcceptedJob>;

/** One status update of DiracX: any of the fields, under its timestamp. */
export const StatusUpdate = z.object({
  Status: z.enum(jobStates).nullish(),
  MinorStatus: z.string().max(128).nullish(),
  ApplicationStatus: z.string().nullish(),
  /** Cut, not refused: the portal writes the name of the user into it, however long that is. */
  Source: z
    .string()
    .transform((text) => text.slice(0, 32))
    .default('Unknown'),
});
export type StatusUpdate = z.output<typeof StatusUpdate>;

/** Null is what a wrapper sends that could not measure; it means the same as leaving the key out. */
const absent = z.null().transform(() => undefined);
const numeric = z.union([absent, z.coerce.number()]);
/** What a wrapper reports of its payload while it runs. CPU and wall time in seconds, memory in MB, disk in MB. */
export const Metrics = z.strictObject({
  LoadAverage: numeric.optional(),
  MemoryUsed: numeric.optional(),
  Vsize: numeric.optional(),
  AvailableDiskSpace: numeric.optional(),
  CPUConsumed: numeric.optional(),
  WallClockTime: numeric.optional(),
  StandardOutput: z.union([absent, z.string().max(65_536)]).optional(),
});
export type Metrics = z.output<typeof Metrics>;

/** An order to the holder of an attempt. */
export const JobCommand = z.object({ job_id: JobId, command: z.string(), arguments: z.string() });

export const BulkOutcome = z.object({
  success: z.record(z.string(), z.unknown()),
  failed: z.record(z.string(), FailedItem),
});
export type BulkOutcome = z.output<typeof BulkOutcome>;

export const Attempt = z.object({
  attempt: z.number().int(),
  holder_kind: z.enum(['pilot', 'push']),
  pilot_stamp: z.string(),
  site: z.string(),
  ce: z.string(),
  processors: z.number(),
  memory: z.number(),
  claimed_at: Time,
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  outcome: z.string().nullable(),
  failure_class: z.enum(failureClasses).nullable(),
  exit_code: z.number().nullable(),
  isolation: z.string().nullable(),
  host: z.string().nullable(),
});
export type Attempt = z.output<typeof Attempt>;

const OneJob = z.object({ id: JobId });
const dialect = 'diracx' as const;

/** Routes about jobs. The first group is DiracX's, the second ours. */
export const jobs = {
  submitJdl: endpoint({
    name: 'jobs.submitJdl',
    method: 'POST',
    path: '/api/jobs/jdl',
    access: 'submit-jobs',
    summary: 'Submit jobs described in JDL; one may be parametric. All are accepted, or none',
    dialect,
    status: 201,
    manyJobs: true,
    body: z.array(z.string().max(262_144)),
    reply: z.array(AcceptedJob),
  }),
  search: endpoint({
    name: 'jobs.search',
    method: 'POST',
    path: '/api/jobs/search',
    access: 'read-jobs',
    traffic: 'search',
    summary: 'Search jobs by columns; pages with Content-Range',
    dialect,
    query: Paging,
    body: SearchBody,
    reply: z.array(Row),
  }),
  summary: endpoint({
    name: 'jobs.summary',
    method: 'POST',
    path: '/api/jobs/summary',
    access: 'read-jobs',
    traffic: 'search',
    summary: 'Count jobs grouped by columns',
    dialect,
    body: SummaryBody,
    reply: z.array(Row),
  }),
  setStatus: endpoint({
    name: 'jobs.setStatus',
    manyJobs: true,
    method: 'PATCH',
    path: '/api/jobs/status',
    access: 'manage-jobs',
    traffic: 'report',
    summary: 'Update the states of jobs, each under a UTC timestamp; how users kill and delete',
    dialect,
    query: z.object({ force: z.stringbool().default(false) }),
    body: z.record(z.string(), z.record(z.string(), StatusUpdate)),
    reply: BulkOutcome,
  }),
  heartbeat: endpoint({
    name: 'jobs.heartbeat',
    manyJobs: true,
    method: 'PATCH',
    path: '/api/jobs/heartbeat',
    access: 'manage-jobs',
    traffic: 'report',
    summary: 'Heartbeats of jobs run by a foreign wrapper; the reply holds their commands, each once',
    dialect,
    body: z.record(z.string(), Metrics),
    reply: z.array(JobCommand),
  }),
  reschedule: endpoint({
    name: 'jobs.reschedule',
    manyJobs: true,
    method: 'POST',
    path: '/api/jobs/reschedule',
    access: 'manage-jobs',
    summary: 'Run jobs again from the beginning',
    dialect,
    query: z.object({ reset_jobs: z.stringbool().default(false) }),
    body: z.object({ job_ids: AnyJobIds }),
    reply: BulkOutcome,
  }),
  setMetadata: endpoint({
    name: 'jobs.setMetadata',
    manyJobs: true,
    method: 'PATCH',
    path: '/api/jobs/metadata',
    access: 'manage-jobs',
    traffic: 'report',
    summary: 'Set attributes (columns) and parameters (any other name) of jobs',
    dialect,
    status: 204,
    body: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),

  submit: endpoint({
    name: 'jobs.submit',
    method: 'POST',
    path: '/api/jobs',
    access: 'submit-jobs',
    summary: 'Submit JSON job descriptions; takes an Idempotency-Key. All are accepted, or none',
    status: 201,
    manyJobs: true,
    /** Checked one by one against JobDescription, so that all problems of all jobs are reported at once. */
    body: z.object({ jobs: z.array(z.unknown()).min(1) }),
    reply: z.object({ jobs: z.array(AcceptedJob) }),
  }),
  kill: endpoint({
    name: 'jobs.kill',
    manyJobs: true,
    method: 'POST',
    path: '/api/jobs/kill',
    access: 'manage-jobs',
    summary: 'Kill jobs: waiting ones at once, running ones within seconds',
    body: z.object({ job_ids: JobIds }),
    reply: BulkOutcome,
  }),
  delete: endpoint({
    name: 'jobs.delete',
    manyJobs: true,
    method: 'POST',
    path: '/api/jobs/delete',
    access: 'manage-jobs',
    summary: 'Delete jobs, killing them first where they run',
    body: z.object({ job_ids: JobIds }),
    reply: BulkOutcome,
  }),
  list: endpoint({
    name: 'jobs.list',
    method: 'POST',
    path: '/api/jobs/list',
    access: 'read-jobs',
    summary: 'Search jobs and read them stretch by stretch with a cursor, however many there are',
    traffic: 'search',
    body: ListBody,
    reply: z.object({
      jobs: z.array(Row),
      /** The cursor of the next stretch; null at the end. */
      next: z.string().nullable(),
      /** Null when it was not asked for, or could not be counted in time. */
      total: z.number().int().nullable(),
    }),
  }),
  find: endpoint({
    name: 'jobs.find',
    method: 'GET',
    path: '/api/jobs/:id',
    access: 'read-jobs',
    summary: 'One job: row, description, parameters of the current attempt, attempts and history',
    params: OneJob,
    reply: z.object({
      job: Row,
      description: z.unknown(),
      parameters: z.record(z.string(), z.string()),
      attempts: z.array(Attempt),
      history: z.array(Row),
    }),
  }),
  jdl: endpoint({
    name: 'jobs.jdl',
    method: 'GET',
    path: '/api/jobs/:id/jdl',
    access: 'read-jobs',
    summary: 'The JDL as it was submitted, or null for a job submitted as JSON',
    params: OneJob,
    reply: z.object({ jdl: z.string().nullable() }),
  }),
  peek: endpoint({
    name: 'jobs.peek',
    method: 'GET',
    path: '/api/jobs/:id/peek',
    access: 'read-jobs',
    summary: 'The last lines that the running payload printed, as of its last heartbeat',
    params: OneJob,
    reply: z.object({ text: z.string(), at: Time.nullable(), status: z.string(), attempt: z.number() }),
  }),
} as const;
