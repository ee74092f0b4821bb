export { type AppliedVersion, Configurations } from './configurations.js';
export { type CheckDriver, type DriverChecks } from './cross-references.js';
export { CurrentConfiguration, type NumberedConfiguration } from './current-configuration.js';
export type { CallRate } from './limits.js';
export { queuesOf, type QueueView } from './queues.js';
export { readConfiguration } from './read-configuration.js';
export { archiveElement, retentionOf, type VoRetention } from './retention.js';
export type { RunningLimit } from './running-limits.js';
export { Configuration, type QueueConfiguration, type VirtualOrganisation } from './schema.js';
