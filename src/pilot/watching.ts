import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ClaimedJob } from '../contract/index.js';
import { freeDisk } from './node-probe.js';
import type { Payload } from './payload.js';
import type { Surroundings } from './surroundings.js';
import { type Limits, type Verdict, Watchdog } from './watchdog.js';

/** Seconds between two looks. A second is short enough for memory that grows fast. */
const everySeconds = 1;
/** Of so many looks, one measures memory exactly in any case. */
const exactEvery = 10;
/** MB that must stay free on the disk of the payloads. */
const leastDisk = 10;
/** Seconds kept back at the end of the pilot's time for outputs and good-byes. */
const reserveSeconds = 60;
/** A file or variable of this name switches the check for progress off. */
const optOut = 'DISABLE_WATCHDOG_CPU_WALLCLOCK_CHECK';

/** What a watch needs to know. */
export interface WatchOrder {
  claimed: ClaimedJob;
  around: Surroundings;
  /** The job's directory. */
  folder: string;
  /** Ends the watch. */
  signal: AbortSignal;
}

/** Looks at a payload every second; calls `bark` once, when a limit is exceeded. */
export function watch(payload: Payload, order: WatchOrder, bark: (verdict: Verdict) => void): void {
  const { claimed, folder, signal } = order;
  const { directory } = order.around.config;
  const limits = limitsOf(claimed, order.around);
  const watchdog = new Watchdog(limits);
  const lenient = new Watchdog({ ...limits, stalledWindow: 0 });
  let looks = 0;
  const timer = setInterval(() => {
    const usage = payload.usage();
    looks += 1;
    // The quick figure counts shared pages twice, and on new kernels it lags behind; the exact one is dear.
    const near = limits.memory !== undefined && (usage.memory > limits.memory * 0.8 || looks % exactEvery === 0);
    const memory = near ? payload.exactMemory() : undefined;
    const sample = {
      wall: payload.wall,
      cpu: usage.cpu,
      memory: memory ?? usage.memory,
      diskFree: freeDisk(directory),
    };
    const excused = existsSync(join(folder, optOut)) || claimed.description.environment[optOut] !== undefined;
    const verdict = (excused ? lenient : watchdog).judge(sample);
    if (verdict === undefined) return;
    clearInterval(timer);
    bark(verdict);
  }, everySeconds * 1000);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** The limits of a job on this node: its own wall time and memory, and the time that the pilot has. */
export function limitsOf({ description }: ClaimedJob, around: Pick<Surroundings, 'timeLeft' | 'config'>): Limits {
  const { wall } = around.timeLeft;
  const ends = around.timeLeft.limited ? Math.max(wall / 2, wall - reserveSeconds) : Infinity;
  const wallLimit = Math.min(description.wall_time ?? Infinity, ends);
  return {
    ...(Number.isFinite(wallLimit) ? { wall: wallLimit } : {}),
    ...(description.max_ram === undefined ? {} : { memory: description.max_ram }),
    diskFree: leastDisk,
    stalledWindow: around.config.stalledSeconds,
  };
}
