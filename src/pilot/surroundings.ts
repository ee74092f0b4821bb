import type { Connection } from '../client/index.js';
import type { PilotConfig } from './config.js';
import type { Guard } from './isolation/guard.js';
import type { Isolation } from './isolation/isolation.js';
import type { PilotLog } from './log-shipping.js';
import type { Node } from './node-probe.js';
import type { TimeLeft } from './time-left.js';

/** What all jobs of one pilot share. */
export interface Surroundings {
  config: PilotConfig;
  connection: Connection;
  log: PilotLog;
  node: Node;
  /** Benchmark score of one core. */
  power: number;
  timeLeft: TimeLeft;
  isolation: Isolation;
  guard: Guard;
  /** In the environment of every payload, so that the guard finds them all. */
  mark: Record<string, string>;
}
