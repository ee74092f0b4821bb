import type { Redis } from 'ioredis';
import { Log, openRedis } from '../../src/platform/index.js';
import { testServices } from './services.js';

let made = 0;

/** A connection to the real Redis, and a prefix that no other test uses. `close` removes the keys of the prefix. */
export function testRedis(): { redis: Redis; url: string; prefix: string; close(): Promise<void> } {
  const url = testServices().redisUrl;
  const prefix = uniquePrefix();
  const redis = openRedis(url, new Log('test', 'error'));
  return {
    redis,
    url,
    prefix,
    async close() {
      const keys = await redis.keys(`*${prefix}*`);
      if (keys.length > 0) await redis.del(keys);
      await redis.quit();
    },
  };
}

/** A prefix that no other test uses. */
export function uniquePrefix(): string {
  made += 1;
  return `pilotage-test-${process.pid}-${made}-${Date.now().toString(36)}`;
}
