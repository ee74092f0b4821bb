export {
  type NoTurn,
  Openings,
  type Rate,
  RecentCounts,
  SharedBuckets,
  TokenBuckets,
  type TurnLimits,
  Turns,
} from './admission/index.js';
export { BatchLane, type BatchOutcome } from './batch-lane.js';
export { type Clock, systemClock } from './clock.js';
export { ConfigurationError, describeEnvironment, type PlatformConfig, readConfig } from './config.js';
export { Database, isDatabaseUnavailable, isDuplicate, type Queryable, type Transaction } from './database.js';
export { deriveKey, type KeyPurpose } from './derive-key.js';
export { ENDPOINT, Handles, Input, refuseInput } from './http/endpoint.decorators.js';
export { answerRefusal, endpointOf, RefusalFilter } from './http/refusal.filter.js';
export { IdAllocator } from './ids.js';
export { addLogFields, Log, withLogFields } from './logging.js';
export { Metrics } from './metrics.js';
export { listenForMetrics, type MetricsListener } from './metrics-listener.js';
export { type Message, send } from './outbox.js';
export { KeptPilotFiles } from './kept-pilot-files.js';
export { type PilotFile, PilotFiles } from './pilot-files.js';
export { openRedis } from './redis.js';
export { Slices } from './slices.js';
export { Shutdown } from './shutdown.js';
export { stopOnSignal } from './stop-on-signal.js';
export { toDatabase, toEpoch, toWire } from './time.js';
export { version } from './version.js';
export { WakeUps, type WakeUp } from './wake-ups.js';
export { PLATFORM_CONFIG, REDIS } from './tokens.js';
