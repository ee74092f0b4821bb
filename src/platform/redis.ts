import { Redis } from 'ioredis';
import type { Log } from './logging.js';

/** A connection for BullMQ and wake-ups. Errors are logged once per outage, never thrown: Redis may be away at any time. */
export function openRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (tries) => Math.min(tries * 100, 2_000) });
  let down = false;
  redis.on('error', (error) => {
    if (!down) log.warn('Redis does not answer; wake-ups wait for the timers', { error });
    down = true;
  });
  redis.on('ready', () => {
    if (down) log.info('Redis answers again');
    down = false;
  });
  return redis;
}
