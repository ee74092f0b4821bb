import { z } from 'zod';
import { stampPattern } from './pilot-state.js';

/** A job id: an integer from 1, below 2^53. Numeric strings are accepted. */
export const JobId = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
/** A pilot stamp: 32 hexadecimal digits. */
export const Stamp = z.string().regex(stampPattern, 'a stamp has 32 hexadecimal digits');
/** SHA-256 in hexadecimal; upper case is accepted and lowered. */
export const Sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/, 'a SHA-256 has 64 hexadecimal digits')
  .transform((text) => text.toLowerCase());
/** A time in a reply: ISO 8601, UTC, `Z`, six fraction digits, none when they are zero. */
export const Time = z.string();
/** The outcome for one job of a bulk call that failed. */
export const FailedItem = z.object({ detail: z.string() });
/** A bulk call about jobs. How many it may name is configured (`max_jobs_per_call` of the VO); never more than this. */
export const JobIds = z.array(JobId).min(1).max(100_000);
/** The same on DiracX's routes, where none is an answer of its own. */
export const AnyJobIds = z.array(JobId).max(100_000);
