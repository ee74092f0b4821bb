import type { Log } from './logging.js';

/** How a program stops. */
export interface Stop {
  log: Log;
  /** With an article: "The server". */
  name: string;
  /** Stops everything in order. */
  end(): Promise<void>;
  /** Seconds after which the process ends even if `end` has not settled: with exit code 1, as when it fails. */
  limitSeconds: number;
}

/** On SIGTERM or SIGINT stops in order and ends with exit code 0; a second signal ends at once, with 130. */
export function stopOnSignal({ log, name, end, limitSeconds }: Stop): void {
  let stops = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stops) process.exit(130);
    stops = true;
    log.info(`${name} stops`, { signal });
    const late = new Error(`It had not stopped after ${limitSeconds} s`);
    const limit = new Promise<never>((_, reject) => setTimeout(() => reject(late), limitSeconds * 1_000));
    Promise.race([end(), limit]).then(
      () => process.exit(0),
      (error: unknown) => {
        log.error(`${name} did not stop in order`, { error });
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}
