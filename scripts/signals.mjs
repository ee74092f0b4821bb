import { constants } from 'node:os';

/**
 * From now on a signal ends this process no more, so that it can clean up. The answer tells the exit code that the
 * signal asks for, 0 if none came.
 */
export function exitCodeOfSignal() {
  let exitCode = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      exitCode = 128 + constants.signals[signal];
    });
  }
  return () => exitCode;
}
