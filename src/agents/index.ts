export { planPilots } from './site-director/plan-pilots.js';
export { type Due, dueNow } from './housekeeping/due.sql.js';
export { lookAtPartitions, partitionedTables, type PartitionState } from './housekeeping/partitions.js';
export { type StepName, stepNames } from './housekeeping/retention-steps.js';
export { type HousekeepingProcess, openHousekeeping } from './wiring.js';
