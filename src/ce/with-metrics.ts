import { performance } from 'node:perf_hooks';
import type { Metrics } from '../platform/index.js';
import type { ComputingElement } from './computing-element.js';
import { ComputingElementError } from './errors.js';

/** Notes one call: what, on which CE, how it ended (`ok` or the kind of the error), and how long it took in seconds. */
export type CallRecorder = (entry: { ce: string; action: string; outcome: string; seconds: number }) => void;

/** A recorder that feeds Prometheus. Make one per process. */
export function ceCallRecorder(metrics: Metrics): CallRecorder {
  const duration = metrics.histogram('pilotage_ce_call_seconds', 'Calls to computing elements', [
    'ce',
    'action',
    'outcome',
  ]);
  return ({ seconds, ...labels }) => duration.observe(labels, seconds);
}

/** A CE whose calls are recorded. */
export function withMetrics(ce: ComputingElement, name: string, record: CallRecorder): ComputingElement {
  const timed = async <T>(action: string, run: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const note = (outcome: string): void =>
      record({ ce: name, action, outcome, seconds: (performance.now() - start) / 1000 });
    try {
      const result = await run();
      note('ok');
      return result;
    } catch (error) {
      note(error instanceof ComputingElementError ? error.kind : 'error');
      throw error;
    }
  };
  return {
    submit: (submission, call) => timed('submit', () => ce.submit(submission, call)),
    find: (stamps, call) => timed('find', () => ce.find(stamps, call)),
    states: (references, call) => timed('states', () => ce.states(references, call)),
    stop: (references, call) => timed('stop', () => ce.stop(references, call)),
    capacity: (queue, call) => timed('capacity', () => ce.capacity(queue, call)),
    output: (reference, call) => timed('output', () => ce.output(reference, call)),
    log: (reference, call) => timed('log', () => ce.log(reference, call)),
    check: (queue, call) => timed('check', () => ce.check(queue, call)),
    clean: (references, call) => timed('clean', () => ce.clean(references, call)),
    close: () => ce.close(),
  };
}
