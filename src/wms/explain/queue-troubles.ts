import type { Verdict } from '../resource-status/resource-status.js';
import type { AbortedPilot, QueueTrouble } from './pilots-seen.sql.js';
import { duration } from './words.js';

/** A status in words; null when all is well. */
export function statusInWords(because: Verdict['because']): string | null {
  if (because === null || because.status === 'Active' || because.status === 'Degraded') return null;
  const { kind, name, status, reason, expiresAt } = because;
  const until = expiresAt === null ? '' : ` until ${expiresAt.slice(0, 16)} UTC`;
  return `${kind} ${name} is ${status}${until}${reason === '' ? '' : `: ${reason}`}`;
}

/** A circuit that is not closed, in words. */
export function circuitInWords({ circuit, reason }: QueueTrouble): string {
  const words = circuit === 'open' ? 'no pilots are sent there for now' : 'one pilot at a time is sent there to try it';
  return reason === '' ? words : `${words}: ${reason}`;
}

/** What became of the last pilot that was sent to a queue where none runs. */
export function abortedInWords({ ago, reason }: AbortedPilot): string {
  const words = `the last pilot that was sent there was aborted ${duration(Math.max(0, Number(ago)))} ago`;
  return reason === '' ? words : `${words}: ${reason}`;
}
