import { describe, expect, it } from '@jest/globals';
import { CallRefused, type RefusalCode } from '../../../src/contract/index.js';
import { isClosed, whileClosed } from '../../../src/pilot/closed-storage.js';
import { outputFailure } from '../../../src/pilot/outputs.js';

const refused = (code: RefusalCode): CallRefused =>
  new CallRefused(503, code, 'SandboxSE is Banned for write: full', { retryAfter: 0.01 });
const forever = new AbortController().signal;

/** An action that is refused `times` times before it succeeds. */
function refusedAtFirst(times: number, code: RefusalCode): { calls: number; action: () => Promise<string> } {
  const counted = {
    calls: 0,
    action: async () => {
      counted.calls += 1;
      if (counted.calls <= times) throw refused(code);
      return 'done';
    },
  };
  return counted;
}

describe('a call while operators have closed the storage element', () => {
  it('is made again until it is open', async () => {
    const counted = refusedAtFirst(2, 'storage-closed');
    expect(await whileClosed(counted.action, forever)).toBe('done');
    expect(counted.calls).toBe(3);
  });

  it('is given up when nobody may wait any longer', async () => {
    const stop = new AbortController();
    const counted = refusedAtFirst(Infinity, 'storage-closed');
    const waiting = whileClosed(counted.action, stop.signal);
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that is refused for another reason is not repeated', async () => {
    const counted = refusedAtFirst(1, 'sandbox-too-large');
    await expect(whileClosed(counted.action, forever)).rejects.toMatchObject({ code: 'sandbox-too-large' });
    expect(counted.calls).toBe(1);
  });

  it('is nothing that the job has done', () => {
    expect(isClosed(refused('storage-closed'))).toBe(true);
    expect(isClosed(refused('unavailable'))).toBe(false);
    expect(isClosed(new Error('x'))).toBe(false);
    expect(outputFailure(refused('storage-closed'))).toBe('infrastructure');
  });
});
