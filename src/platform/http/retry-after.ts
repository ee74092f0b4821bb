import type { Refusal } from '../../contract/index.js';

/**
 * Whole seconds for the Retry-After header, or null for none. A 429 always has one, drawn between once and twice what the
 * refusal asks for: callers who were refused together shall not come back together. Others are written as they are.
 */
export function retryAfterOf({ status, details }: Refusal, random = Math.random): number | null {
  const { retryAfter } = details;
  if (status !== 429) return retryAfter ?? null;
  return Math.max(1, Math.ceil((retryAfter ?? 1) * (1 + random())));
}
