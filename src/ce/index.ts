export {
  type Capacity,
  type CeCall,
  type ComputingElement,
  type Credentials,
  type Finding,
  outputLimit,
  type Program,
  type Resources,
  type RunOutput,
  type RunState,
  type RunStatus,
  runStatuses,
  type StopOutcome,
  type Submission,
  type SubmitOutcome,
} from './computing-element.js';
export { type CeDriver, type CePlace, defineDriver, type OpenableDriver, type TokenNeeds } from './driver.js';
export { ceErrorKinds, type CeErrorKind, ComputingElementError } from './errors.js';
export { checkDriver, driverNamed, drivers } from './registry.js';
export { withDeadline } from './with-deadline.js';
export { type CallRecorder, ceCallRecorder, withMetrics } from './with-metrics.js';
export { type RetryOptions, withRetry } from './with-retry.js';
