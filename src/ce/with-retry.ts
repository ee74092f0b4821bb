import { setTimeout as delay } from 'node:timers/promises';
import type { CeCall, ComputingElement } from './computing-element.js';
import { ComputingElementError } from './errors.js';

export interface RetryOptions {
  /** Tries in all. */
  tries: number;
  /** Milliseconds before the second try; doubles from then on, with jitter. */
  firstDelay: number;
}

/**
 * A CE whose reads are repeated when it was `unreachable`. Submissions are left to the agent: it has to note the outcome
 * and to open its circuit breaker.
 */
export function withRetry(
  ce: ComputingElement,
  options: RetryOptions = { tries: 3, firstDelay: 200 },
): ComputingElement {
  const again = async <T>(call: CeCall, run: () => Promise<T>): Promise<T> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await run();
      } catch (error) {
        const worthIt = error instanceof ComputingElementError && error.kind === 'unreachable';
        if (!worthIt || tries >= options.tries || call.signal.aborted) throw error;
        const wait = options.firstDelay * 2 ** (tries - 1) * (0.5 + Math.random());
        await delay(wait, undefined, { signal: call.signal }).catch(() => call.signal.throwIfAborted());
      }
    }
  };
  return {
    submit: (submission, call) => ce.submit(submission, call),
    find: (stamps, call) => again(call, () => ce.find(stamps, call)),
    states: (references, call) => again(call, () => ce.states(references, call)),
    stop: (references, call) => again(call, () => ce.stop(references, call)),
    capacity: (queue, call) => again(call, () => ce.capacity(queue, call)),
    output: (reference, call) => again(call, () => ce.output(reference, call)),
    log: (reference, call) => again(call, () => ce.log(reference, call)),
    check: (queue, call) => again(call, () => ce.check(queue, call)),
    clean: (references, call) => again(call, () => ce.clean(references, call)),
    close: () => ce.close(),
  };
}
