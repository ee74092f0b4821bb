import { type CeCall, type ComputingElement } from './computing-element.js';
import { ComputingElementError } from './errors.js';

/** A CE whose every call ends after `seconds`, as `unreachable`, even when the driver below does not heed its signal. */
export function withDeadline(ce: ComputingElement, seconds: number): ComputingElement {
  const within = async <T>(action: string, call: CeCall, run: (limited: CeCall) => Promise<T>): Promise<T> => {
    call.signal.throwIfAborted();
    const deadline = new ComputingElementError(
      'unreachable',
      `The computing element did not finish ${action} within ${seconds} s; look whether it is overloaded or down`,
    );
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(deadline), seconds * 1000);
    const passOn = (): void => controller.abort(call.signal.reason);
    call.signal.addEventListener('abort', passOn, { once: true });
    try {
      const ended = new Promise<never>((_, reject) =>
        controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true }),
      );
      return await Promise.race([run({ ...call, signal: controller.signal }), ended]);
    } finally {
      clearTimeout(timer);
      call.signal.removeEventListener('abort', passOn);
    }
  };
  return {
    submit: (submission, call) => within('submit', call, (limited) => ce.submit(submission, limited)),
    find: (stamps, call) => within('find', call, (limited) => ce.find(stamps, limited)),
    states: (references, call) => within('states', call, (limited) => ce.states(references, limited)),
    stop: (references, call) => within('stop', call, (limited) => ce.stop(references, limited)),
    capacity: (queue, call) => within('capacity', call, (limited) => ce.capacity(queue, limited)),
    output: (reference, call) => within('output', call, (limited) => ce.output(reference, limited)),
    log: (reference, call) => within('log', call, (limited) => ce.log(reference, limited)),
    check: (queue, call) => within('check', call, (limited) => ce.check(queue, limited)),
    clean: (references, call) => within('clean', call, (limited) => ce.clean(references, limited)),
    close: () => ce.close(),
  };
}
