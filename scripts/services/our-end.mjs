const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const running = new Set();

/**
 * Stops what was started when this process ends. On a signal it stops in order and lets the signal take its course,
 * unless the program handles that signal itself: then it is the program's part. The answer forgets all this.
 */
export function stopAtOurEnd(services) {
  if (running.size === 0) listen();
  running.add(services);
  return () => {
    if (running.delete(services) && running.size === 0) stopListening();
  };
}

function listen() {
  process.on('exit', abandonAll);
  for (const signal of signals) process.on(signal, stopAll);
}

function stopListening() {
  process.off('exit', abandonAll);
  for (const signal of signals) process.off(signal, stopAll);
}

function abandonAll() {
  for (const services of running) services.abandon();
}

async function stopAll(signal) {
  if (process.listenerCount(signal) > 1) return;
  try {
    await Promise.all([...running].map((services) => services.stop()));
  } finally {
    // Nothing is left, so nobody listens any more, and the signal ends us.
    process.kill(process.pid, signal);
  }
}
