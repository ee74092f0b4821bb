import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { failureClasses, jobStates } from './job-state.js';
import { Metrics } from './jobs.js';
import { PilotCommand } from './matching.js';
import { JobId, Sha256, Time } from './values.js';

const parameters = z.record(z.string().min(1).max(128), z.string().max(65_535)).default({});

/** How an attempt ended, as its wrapper says. */
export const attemptOutcomes = ['done', 'failed', 'killed', 'reschedule'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

/** Archives that sandboxes may be. */
export const sandboxFormats = ['tar.gz', 'tar.bz2', 'tar.zst'] as const;

/** An upload of a sandbox that the caller wants to make. */
export const SandboxInfo = z.object({
  checksum_algorithm: z.literal('sha256'),
  checksum: Sha256,
  size: z.number().int().min(1),
  format: z.enum(sandboxFormats),
});
export type SandboxInfo = z.output<typeof SandboxInfo>;
/**
 * Where to upload: `multipart/form-data` POST to `url`, all `fields` first, then the part `file`; any 2xx is success.
 * `url` is null when the same bytes are already stored.
 */
export const SandboxUpload = z.object({
  pfn: z.string(),
  url: z.string().nullable(),
  fields: z.record(z.string(), z.string()),
});
export type SandboxUpload = z.output<typeof SandboxUpload>;

/** A sandbox to fetch: a plain GET on `url`, without a token. */
export const SandboxDownload = z.object({ pfn: z.string(), url: z.string(), expires_in: z.number() });

const base = '/api/attempts/self';

/** Routes of the job wrapper. Job and attempt stand in the token; an attempt that has ended gets 409 `attempt-ended`. */
export const execution = {
  inputs: endpoint({
    name: 'execution.inputs',
    method: 'GET',
    path: `${base}/inputs`,
    access: 'attempt',
    summary: 'Where the input sandboxes of this job can be fetched',
    reply: z.object({ sandboxes: z.array(SandboxDownload) }),
  }),
  status: endpoint({
    name: 'execution.status',
    method: 'POST',
    path: `${base}/status`,
    access: 'attempt',
    summary: 'Report progress. A sequence number that was seen before changes nothing',
    repeatable: true,
    body: z.object({
      /** Grows by one with every report of this attempt. */
      sequence: z
        .number()
        .int()
        .min(1)
        .max(2 ** 32 - 1),
      status: z.enum(jobStates).optional(),
      minor_status: z.string().max(128).optional(),
      application_status: z.string().max(255).optional(),
      parameters,
      /** The wrapper's clock; kept as information only. */
      at: Time.optional(),
    }),
    status: 204,
  }),
  outputs: endpoint({
    name: 'execution.outputs',
    method: 'POST',
    path: `${base}/outputs`,
    access: 'attempt',
    summary: 'Announce the output sandbox and learn where to upload it',
    repeatable: true,
    body: SandboxInfo,
    reply: SandboxUpload,
  }),
  assignOutputs: endpoint({
    name: 'execution.assignOutputs',
    method: 'POST',
    path: `${base}/outputs/assign`,
    access: 'attempt',
    summary: 'Attach the uploaded output sandbox to the job',
    repeatable: true,
    body: z.object({ pfn: z.string().max(256) }),
    status: 204,
  }),
  end: endpoint({
    name: 'execution.end',
    method: 'POST',
    path: `${base}/end`,
    access: 'attempt',
    summary: 'The attempt has ended and its payload is gone; repeating it is harmless',
    repeatable: true,
    body: z.object({
      outcome: z.enum(attemptOutcomes),
      failure_class: z.enum(failureClasses).optional(),
      exit_code: z
        .number()
        .int()
        .min(-(2 ** 31))
        .max(2 ** 31 - 1)
        .optional(),
      minor_status: z.string().max(128),
      application_status: z.string().max(255).optional(),
      parameters,
    }),
    status: 204,
  }),
  heartbeat: endpoint({
    name: 'execution.heartbeat',
    method: 'POST',
    path: '/api/pilots/self/heartbeat',
    access: 'pilot',
    summary: 'Renew the leases of the attempts that this pilot holds; an attempt that is `gone` must be stopped',
    repeatable: true,
    body: z.object({
      attempts: z.array(z.object({ job_id: JobId, attempt: z.number().int(), metrics: Metrics.default({}) })).max(4096),
      acknowledged: z.array(z.number().int()).max(1000).default([]),
    }),
    reply: z.object({
      attempts: z.array(
        z.object({
          job_id: JobId,
          attempt: z.number().int(),
          outcome: z.enum(['renewed', 'gone']),
          lease_seconds: z.number(),
        }),
      ),
      commands: z.array(PilotCommand),
    }),
  }),
} as const;
