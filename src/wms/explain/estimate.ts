import type { Estimate } from '../../contract/index.js';
import { amount, duration } from './words.js';

/** Claims that were seen in some seconds until now. */
export interface Seen {
  claims: number;
  seconds: number;
}

/** What an estimate may go by: claims of the task queue and of its whole share entity, and how many jobs go first in each. */
export interface Pace {
  queue: Seen;
  entity: Seen;
  aheadInQueue: number;
  aheadInEntity: number;
}

const leastClaims = 3;

/**
 * When a job may be claimed if claims go on as they did: the pace of its task queue where that had three claims, else that
 * of its share entity. Claims count as if they came by chance, so few of them make a wide range. Pure.
 */
export function estimateOf({ queue, entity, aheadInQueue, aheadInEntity }: Pace): Estimate {
  if (queue.claims >= leastClaims) return fromPace(queue, aheadInQueue, 'its task queue');
  if (entity.claims >= leastClaims) return fromPace(entity, aheadInQueue + aheadInEntity, 'its share entity');
  return unknown('too few jobs like it were claimed lately');
}

/** Nothing can be said. */
export function unknown(because: string): Estimate {
  return { earliest: null, latest: null, words: `When it starts is unknown: ${because}` };
}

function fromPace({ claims, seconds }: Seen, ahead: number, whose: string): Estimate {
  // Square roots of counts vary by about one half; twice that is taken on either side.
  const most = (Math.sqrt(claims + 1) + 1) ** 2 / seconds;
  const least = (Math.sqrt(claims) - 1) ** 2 / seconds;
  const turn = ahead + 1;
  const earliest = Math.max(0, Math.sqrt(turn) - 1) ** 2 / most;
  const latest = (Math.sqrt(turn) + 1) ** 2 / least;
  const seen = `${amount(claims, 'job', 'jobs')} of ${whose} began in the last ${duration(seconds)}, ${amount(ahead, 'goes', 'go')} first`;
  return {
    earliest,
    latest,
    words: `An estimate, no promise: it starts in ${duration(earliest)} to ${duration(latest)} (${seen})`,
  };
}
