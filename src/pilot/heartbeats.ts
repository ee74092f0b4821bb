import { call, CallRefused, execution, type PilotCommand, type Transport } from '../contract/index.js';
import { pause, seconds } from './clock.js';
import type { Acknowledgements } from './acknowledgements.js';
import type { Guard } from './isolation/guard.js';
import type { JobWrapper } from './job-wrapper.js';
import type { PilotLog } from './log-shipping.js';

/** What the heartbeats of a pilot need. */
export interface HeartbeatOrder {
  transport: Transport;
  log: PilotLog;
  everySeconds: number;
  killGraceSeconds: number;
  /** The attempts that are held now. */
  held: () => JobWrapper[];
  acknowledgements: Acknowledgements;
  onCommands: (commands: PilotCommand[]) => void;
  /** The server says that this pilot has ended. */
  onPilotEnded: () => void;
}

/** The longest that anything here sleeps, seconds: a job with a short lease may have been claimed meanwhile. */
const look = 0.5;

/**
 * Sends one heartbeat for all attempts, over and over, until the signal fires: as often as configured, and four times in
 * the shortest lease that is held. Sooner again when the server is away.
 */
export async function sendHeartbeats(order: HeartbeatOrder, signal: AbortSignal): Promise<void> {
  let last = seconds();
  for (;;) {
    const due = last + beatSeconds(order) - seconds();
    await pause(Math.max(0.01, Math.min(look, due)), signal);
    if (signal.aborted) return;
    if (seconds() - last < beatSeconds(order)) continue;
    last = seconds();
    while (!signal.aborted && order.held().length > 0 && !(await beat(order, signal))) {
      await pause(Math.min(5, beatSeconds(order)), signal);
      last = seconds();
    }
  }
}

/** Seconds between two heartbeats. */
function beatSeconds({ everySeconds, held }: Pick<HeartbeatOrder, 'everySeconds' | 'held'>): number {
  return Math.min(everySeconds, ...held().map(({ lease }) => lease.beatSeconds));
}

/** Seconds for which payloads may run without a guard. */
const guardPatienceSeconds = 5;

/**
 * Stops every payload whose lease is about to end, until the signal fires; calls `onUnguarded`, perhaps often, while
 * there is nobody who would do so in the pilot's place.
 */
export async function guardLeases(
  order: Pick<HeartbeatOrder, 'held' | 'killGraceSeconds'> & { guard: Pick<Guard, 'away'>; onUnguarded: () => void },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const wrapper of order.held()) {
      if (wrapper.lease.mustStop(order.killGraceSeconds)) wrapper.stop({ kind: 'lease' });
    }
    if (order.guard.away > guardPatienceSeconds) order.onUnguarded();
    await pause(look, signal);
  }
}

/** One heartbeat; false when it should be sent again soon. */
async function beat(order: HeartbeatOrder, signal: AbortSignal): Promise<boolean> {
  const held = order.held();
  const asked = seconds();
  const acknowledged = order.acknowledgements.waiting;
  const attempts = held.map((wrapper) => ({
    job_id: wrapper.claimed.job_id,
    attempt: wrapper.claimed.attempt,
    metrics: wrapper.metrics(),
  }));
  try {
    const { reply } = await call(
      order.transport,
      execution.heartbeat,
      { body: { attempts, acknowledged } },
      // A call that hangs must leave time for another one.
      { signal, timeout: Math.min(30, Math.max(2, beatSeconds({ everySeconds: 30, held: () => held }))) * 1000 },
    );
    order.acknowledgements.arrived(acknowledged);
    for (const answer of reply.attempts) {
      const wrapper = held.find(
        ({ claimed }) => claimed.job_id === answer.job_id && claimed.attempt === answer.attempt,
      );
      if (answer.outcome === 'gone') wrapper?.stop({ kind: 'gone' });
      else wrapper?.renew(answer.lease_seconds, asked);
    }
    order.onCommands(reply.commands);
    return true;
  } catch (error) {
    if (signal.aborted) return true;
    order.log.line(`heartbeat: ${error instanceof Error ? error.message : String(error)}`);
    if (!(error instanceof CallRefused)) return false;
    if (error.code === 'pilot-ended') order.onPilotEnded();
    return error.status < 500 && error.status !== 429;
  }
}
