import type { Access } from './access.js';

/**
 * What a call is to a busy server. Calls of one class share a rate; what keeps jobs running (`pilot`) never waits for the
 * others.
 */
export const trafficClasses = {
  pilot: 'The life of pilots and their attempts: claims, heartbeats, reports, outputs',
  exchange: 'Secrets for tokens, before it is known who calls',
  submit: 'New jobs and the sandboxes for them',
  report: 'Reports of foreign wrappers and pilots, which may share one identity',
  change: 'Other changes by users',
  search: 'Searches and summaries',
  stream: 'Logs, as a whole or live',
  read: 'Other looks',
  open: 'Small public documents, and objects by signed URL; not limited',
} as const;

/** The name of a class of {@link trafficClasses}. */
export type Traffic = keyof typeof trafficClasses;

/** The class of a route that names none. */
export function usualTraffic({ access, method }: { access: Access; method: string }): Traffic {
  if (access === 'public') return 'open';
  if (access === 'pilot' || access === 'attempt') return 'pilot';
  if (access === 'submit-jobs' || access === 'create-sandboxes') return 'submit';
  return method === 'GET' ? 'read' : 'change';
}
