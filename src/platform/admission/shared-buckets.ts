import type { Redis } from 'ioredis';
import type { Log } from '../logging.js';
import { type Rate, TokenBuckets } from './token-buckets.js';

/** Milliseconds after which Redis is taken for away. */
const patience = 250;

/** The same arithmetic as {@link TokenBuckets}, in Redis's time. */
const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local full = tonumber(redis.call('GET', KEYS[1]) or '0')
local perSecond, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local next = math.max(now, full) + 1 / perSecond
local wait = next - now - burst / perSecond
if wait > 0.000001 then return tostring(wait) end
redis.call('SET', KEYS[1], string.format('%.6f', next), 'PX', math.ceil((next - now) * 1000))
return '0'`;

/**
 * Token buckets that all servers share, in Redis. Without Redis each server counts for itself: callers get in, and
 * `onAway` is told.
 */
export class SharedBuckets {
  private readonly own = new TokenBuckets();
  private away = false;

  constructor(
    private readonly redis: Redis,
    private readonly prefix: string,
    private readonly log: Log,
    private readonly onAway: () => void,
  ) {}

  /** Takes one out of a caller's bucket. Answers 0, or the seconds until there will be one. Never throws. */
  async take(caller: string, rate: Rate): Promise<number> {
    if (rate.perSecond === 0) return 0;
    try {
      const wait = await this.ask(`${this.prefix}:rate:${caller}`, rate);
      this.away = false;
      return wait;
    } catch (error) {
      if (!this.away) this.log.warn('Redis does not answer; this server counts calls for itself', { error });
      this.away = true;
      this.onAway();
      return this.own.take(caller, rate);
    }
  }

  private async ask(key: string, { perSecond, burst }: Rate): Promise<number> {
    if (this.redis.status !== 'ready') throw new Error(`Redis is ${this.redis.status}`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer in ${patience} ms`)), patience);
    });
    try {
      return Number(await Promise.race([this.redis.eval(script, 1, key, perSecond, burst), late]));
    } finally {
      clearTimeout(timer);
    }
  }
}
