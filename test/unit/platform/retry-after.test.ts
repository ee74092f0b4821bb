import { describe, expect, it } from '@jest/globals';
import { Refusal } from '../../../src/contract/index.js';
import { retryAfterOf } from '../../../src/platform/http/retry-after.js';

describe('Retry-After', () => {
  it('of a 429 is whole seconds, between once and twice what the refusal asks for', () => {
    const busy = new Refusal('server-busy', undefined, { retryAfter: 5 });
    expect([0, 0.5, 0.999].map((random) => retryAfterOf(busy, () => random))).toEqual([5, 8, 10]);
    const soon = new Refusal('too-many-requests', undefined, { retryAfter: 0.003 });
    expect(retryAfterOf(soon, () => 0.999)).toBe(1);
  });

  it('is there in every 429', () => {
    expect(retryAfterOf(new Refusal('server-busy'), () => 0)).toBe(1);
    expect(retryAfterOf(new Refusal('forbidden'))).toBeNull();
  });

  it('of anything else is what the refusal says', () => {
    expect(retryAfterOf(new Refusal('unavailable', undefined, { retryAfter: 10 }), () => 0.9)).toBe(10);
  });
});
