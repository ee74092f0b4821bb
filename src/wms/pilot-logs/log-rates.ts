import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { Refusal } from '../../contract/index.js';
import { TokenBuckets } from '../../platform/index.js';

/** A chunk costs the storage element something however small it is. */
const leastBytes = 16 * 1024;

/** How fast pilots may send their logs to this server (`pilots.log_bytes_per_second` in the configuration). */
@Injectable()
export class LogRates {
  private readonly buckets = new TokenBuckets();

  constructor(private readonly configuration: CurrentConfiguration) {}

  /** Counts a chunk. Refuses with `too-many-requests` when the pilot sends too fast; it slows down and sends it again. */
  count(stamp: string, text: string): void {
    const { log_bytes_per_second: perSecond, log_burst_bytes: burst } = this.configuration.get().document.pilots;
    const wait = this.buckets.take(stamp, { perSecond, burst }, Math.max(leastBytes, Buffer.byteLength(text)));
    if (wait === 0) return;
    const said = `The pilot sends its log faster than ${perSecond} bytes a second; send the chunk again later`;
    throw new Refusal('too-many-requests', said, { retryAfter: wait });
  }
}
