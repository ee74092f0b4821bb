import { describe, expect, it } from '@jest/globals';
import {
  type ComputingElement,
  ComputingElementError,
  withDeadline,
  withMetrics,
  withRetry,
} from '../../../src/ce/index.js';

const call = (signal = AbortSignal.timeout(10_000)) => ({ signal, credentials: { kind: 'none' as const } });
const submission = {
  runs: [],
  resources: { processors: 1, memory: 1, gpus: 0, wallSeconds: 1, wholeNode: false },
  queue: 'q',
  settings: {},
};

/** A CE whose answers to `states` and `submit` a test brings. */
class ScriptedCe implements ComputingElement {
  calls = 0;
  constructor(private readonly answer: (calls: number) => Promise<never> | Promise<Map<string, never>>) {}

  submit(): Promise<Map<string, never>> {
    return this.next();
  }
  states(): Promise<Map<string, never>> {
    return this.next();
  }
  find(): Promise<Map<string, never>> {
    return this.next();
  }
  stop(): Promise<Map<string, never>> {
    return this.next();
  }
  async capacity() {
    await this.next();
    return { waiting: 0, running: 0 };
  }
  async output() {
    await this.next();
    return null;
  }
  async log() {
    await this.next();
    return null;
  }
  async check() {
    await this.next();
    return [];
  }
  async clean(): Promise<void> {
    await this.next();
  }
  async close(): Promise<void> {
    this.calls = 0;
  }
  private next(): Promise<Map<string, never>> {
    this.calls += 1;
    return this.answer(this.calls);
  }
}

const failing = (kind: ComputingElementError['kind'], times: number) =>
  new ScriptedCe(async (calls) => {
    if (calls <= times) throw new ComputingElementError(kind, 'no');
    return new Map<string, never>();
  });
const hanging = () => new ScriptedCe(() => new Promise<never>(() => undefined));

describe('A CE with a deadline', () => {
  it('ends a call that hangs as unreachable, and says which', async () => {
    const error = await withDeadline(hanging(), 0.05)
      .states([], call())
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ kind: 'unreachable' });
    expect(String(error)).toContain('did not finish states within 0.05 s');
  });

  it('ends a call that hangs when its signal is aborted, with the reason of the signal', async () => {
    const controller = new AbortController();
    const asked = withDeadline(hanging(), 60).states([], call(controller.signal));
    controller.abort(new Error('the process stops'));
    await expect(asked).rejects.toThrow('the process stops');
  });

  it('does not touch a call that ends in time', async () => {
    expect(await withDeadline(failing('protocol', 0), 5).states([], call())).toEqual(new Map());
  });
});

describe('A CE with retry', () => {
  const quick = { tries: 3, firstDelay: 1 };

  it('asks again when the CE was unreachable', async () => {
    const ce = failing('unreachable', 2);
    await withRetry(ce, quick).states([], call());
    expect(ce.calls).toBe(3);
  });

  it('gives up after its last try with the error of the CE', async () => {
    await expect(withRetry(failing('unreachable', 9), quick).states([], call())).rejects.toMatchObject({
      kind: 'unreachable',
    });
  });

  it.each(['authentication', 'authorisation', 'capacity', 'bad-description', 'protocol'] as const)(
    'does not ask again after %s',
    async (kind) => {
      const ce = failing(kind, 1);
      await expect(withRetry(ce, quick).states([], call())).rejects.toMatchObject({ kind });
      expect(ce.calls).toBe(1);
    },
  );

  it('never repeats a submission by itself', async () => {
    const ce = failing('unreachable', 1);
    await expect(withRetry(ce, quick).submit(submission, call())).rejects.toMatchObject({ kind: 'unreachable' });
    expect(ce.calls).toBe(1);
  });
});

describe('A CE with metrics', () => {
  it('records how every call ended', async () => {
    const seen: string[] = [];
    const ce = withMetrics(failing('capacity', 1), 'Site.ce', ({ ce: name, action, outcome }) =>
      seen.push(`${name} ${action} ${outcome}`),
    );
    await expect(ce.submit(submission, call())).rejects.toMatchObject({ kind: 'capacity' });
    await ce.states([], call());
    expect(seen).toEqual(['Site.ce submit capacity', 'Site.ce states ok']);
  });
});
