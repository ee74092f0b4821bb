import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { JobDescription } from './job-description.js';
import { JobId } from './values.js';

/**
 * What a pilot offers. Site, CE, queue, VO and owner binding come from the pilot's row, never from here.
 * `cpu_work_left` in normalised seconds per core, `wall_left` in seconds, `memory` in MB: what is free now.
 */
export const Offer = z.object({
  platforms: z.array(z.string()).default([]),
  processors: z.number().int().min(0).max(4096),
  memory: z
    .number()
    .int()
    .min(0)
    .max(2 ** 32 - 1),
  gpus: z.number().int().min(0).max(4096).default(0),
  cpu_work_left: z.number().min(0),
  wall_left: z.number().min(0),
  tags: z.array(z.string().max(64)).max(1000).default([]),
  required_tags: z.array(z.string().max(64)).max(100).default([]),
  /** Nothing else runs in this pilot, so a whole-node job may come. */
  idle: z.boolean(),
});
export type Offer = z.output<typeof Offer>;

/** A command for an attempt that this pilot holds; handed out until it is acknowledged. */
export const PilotCommand = z.object({
  command_id: z.number().int(),
  job_id: JobId,
  attempt: z.number().int(),
  command: z.enum(['Kill']),
});
export type PilotCommand = z.output<typeof PilotCommand>;

/** A job that the pilot now holds. */
export const ClaimedJob = z.object({
  job_id: JobId,
  attempt: z.number().int(),
  /** The token of this attempt; it can touch nothing else. */
  token: z.string(),
  /** Seconds that the lease lasts from now; kill the payload before they end without a renewal. */
  lease_seconds: z.number(),
  owner: z.string(),
  owner_group: z.string(),
  vo: z.string(),
  site: z.string(),
  /** Cores and MB granted out of the offer. */
  processors: z.number().int(),
  memory: z.number().int(),
  gpus: z.number().int(),
  /** Parameters and job id are already filled in. */
  description: JobDescription,
});
export type ClaimedJob = z.output<typeof ClaimedJob>;

/** Longest wait of a claim for a job or a command (s). */
export const longestClaimWait = 60;

/** Routes with which pilots get work. */
export const matching = {
  claim: endpoint({
    name: 'matching.claim',
    method: 'POST',
    path: '/api/pilots/self/claim',
    access: 'pilot',
    summary: 'Claim jobs that fit the offer and collect commands; waits for either when there is nothing yet',
    repeatable: true,
    body: z.object({
      /** Repeating a claim with the same id returns the same jobs. */
      claim_id: z.uuid(),
      offer: Offer,
      /** At most so many jobs; 0 asks for commands only. */
      max_jobs: z.number().int().min(0).max(64).default(1),
      /** Seconds to wait for a job or a command. */
      wait: z.number().min(0).max(longestClaimWait).default(0),
      /** Commands that were carried out. */
      acknowledged: z.array(z.number().int()).max(1000).default([]),
    }),
    reply: z.object({
      jobs: z.array(ClaimedJob),
      commands: z.array(PilotCommand),
      /** The server wants this pilot to take no more work and to end. */
      drain: z.boolean(),
    }),
  }),
} as const;
export type ClaimRequest = z.output<(typeof matching.claim)['body'] & z.ZodType>;
export type ClaimReply = z.output<(typeof matching.claim)['reply'] & z.ZodType>;
