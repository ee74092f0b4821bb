import type { CallRate, CurrentConfiguration } from '../configuration/index.js';
import { Refusal, type Traffic } from '../contract/index.js';
import { type Rate, type SharedBuckets, TokenBuckets } from '../platform/index.js';
import type { Principal } from './principals.js';

/** What a class of calls is called when there are too many. */
const words: Record<Exclude<Traffic, 'open'>, string> = {
  pilot: 'calls of this pilot',
  exchange: 'exchanges of secrets from this address',
  submit: 'submissions',
  report: 'updates',
  change: 'changes',
  search: 'searches',
  stream: 'logs opened',
  read: 'requests',
};

/** How often callers may call, by class of route. The numbers stand in the configuration (`limits.rates`). */
export class CallRates {
  private readonly buckets = new Map<Traffic, TokenBuckets>();

  constructor(
    private readonly configuration: Pick<CurrentConfiguration, 'get' | 'isLoaded'>,
    private readonly shared: SharedBuckets,
  ) {}

  /** Counts a call of somebody known. Throws the Refusal `too-many-requests` when it is one too many. */
  count(traffic: Traffic, principal: Principal): void {
    const rate = this.rateOf(traffic);
    if (rate === null) return;
    const caller = principal.kind === 'user' ? principal.subject : principal.stamp;
    const wait = this.bucketsOf(traffic).take(caller, rate);
    if (wait > 0) throw refusal(traffic, rate, wait);
  }

  /** Counts a call of somebody of whom only the address is known; only exchanges are limited, over all servers. */
  async countStranger(traffic: Traffic, address: string): Promise<void> {
    if (traffic === 'open') return;
    const rate = this.rateOf(traffic);
    if (rate === null) return;
    const wait = await this.shared.take(`${traffic}:${address}`, rate);
    if (wait > 0) throw refusal(traffic, rate, wait);
  }

  /** Null while nothing is limited: without a configuration the call fails for a better reason. */
  private rateOf(traffic: Traffic): Rate | null {
    if (traffic === 'open' || !this.configuration.isLoaded) return null;
    const { per_second: perSecond, burst }: CallRate = this.configuration.get().document.limits.rates[traffic];
    return { perSecond, burst };
  }

  private bucketsOf(traffic: Traffic): TokenBuckets {
    const known = this.buckets.get(traffic) ?? new TokenBuckets();
    this.buckets.set(traffic, known);
    return known;
  }
}

function refusal(traffic: Traffic, { perSecond, burst }: Rate, wait: number): Refusal {
  const what = traffic === 'open' ? 'requests' : words[traffic];
  const said = `Too many ${what}: ${perSecond} a second and ${burst} at once are allowed; send fewer`;
  return new Refusal('too-many-requests', said, { retryAfter: wait });
}
