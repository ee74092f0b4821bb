import type { WakeUps } from '../../platform/index.js';
import type { PilotLogs } from './pilot-logs.js';

/** What a follower is told: a chunk of text, or that the log is complete. */
export type LogEvent = { kind: 'chunk'; number: number; text: string } | { kind: 'sealed' };

/** Milliseconds between looks when no wake-up comes. */
const pollInterval = 2_000;

/** The chunks of a log from `first` on as they arrive; ends when the log is sealed or `signal` aborts. */
export async function* followLog(
  logs: PilotLogs,
  wakeUps: WakeUps,
  from: { vo: string; stamp: string; first: number },
  signal: AbortSignal,
): AsyncGenerator<LogEvent> {
  let next = from.first;
  const news = listen(wakeUps, from.stamp, signal);
  try {
    while (!signal.aborted) {
      const log = await logs.find(from.vo, from.stamp);
      for await (const { number, text } of logs.chunks(log, next)) {
        yield { kind: 'chunk', number, text };
        next = number + 1;
      }
      if (log.log_state === 'sealed') {
        yield { kind: 'sealed' };
        return;
      }
      await news.next();
    }
  } finally {
    news.stop();
  }
}

/** Resolves `next()` at a wake-up for this log (one that came since the last call counts), after a while, or on abort. */
function listen(wakeUps: WakeUps, stamp: string, signal: AbortSignal): { next(): Promise<void>; stop(): void } {
  let pending = false;
  let resume: (() => void) | null = null;
  const ring = (): void => {
    pending = true;
    resume?.();
  };
  const off = wakeUps.on('log', (ids) => {
    if (ids.includes(stamp)) ring();
  });
  signal.addEventListener('abort', ring);
  return {
    async next() {
      if (!pending) {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          resume = resolve;
          timer = setTimeout(resolve, pollInterval);
        });
        clearTimeout(timer);
        resume = null;
      }
      pending = false;
    },
    stop() {
      off();
      signal.removeEventListener('abort', ring);
    },
  };
}
