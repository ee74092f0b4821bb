/** Seconds between two looks whether the wrapper script is still there. */
const everySeconds = 2;

/**
 * A signal that fires when the pilot is told to stop (SIGTERM, SIGINT, SIGHUP, and what batch systems send before the
 * end: SIGUSR1, SIGUSR2, SIGXCPU), or when the process that started it is gone. Its reason is an error that names the cause.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const) {
    process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop.abort(new Error('the wrapper script is gone'));
  }, everySeconds * 1000);
  timer.unref();
  return stop.signal;
}
