export { SiteHolds } from './checking/site-holds.js';
export { BlackHoleWatch } from './black-holes/watch.js';
export { CheckJobs } from './checking/check-jobs.js';
export { JobCounts } from './counters/index.js';
export { Jobs } from './jobs/jobs.js';
export { Submission } from './submission/submission.js';
export { fullPfn, shortPfn, type SandboxOwner } from './outputs/pfn.js';
export { Sandboxes } from './outputs/sandboxes.js';
export { PilotLogs } from './pilot-logs/pilot-logs.js';
export { WmsModule } from './wms.module.js';
export { type QueueEntry, TaskQueues } from './task-queues/task-queues.js';
export { type Requirements, requirementsOf } from './task-queues/requirements.js';
export { type NewPilot, type PilotAtCe, Pilots, type UnsettledPilot } from './pilots/pilots.js';
export { Demand, demandKey } from './task-queues/demand.js';
export {
  isStricter,
  mayBegin,
  type Resource,
  type ResourceStatus,
  testJobType,
  type Verdict,
  type Whereabouts,
  worstOf,
} from './resource-status/resource-status.js';
export { type NewStatus, ResourceStatuses } from './resource-status/resource-statuses.js';
export { StorageGate } from './resource-status/storage-gate.js';
export { type StatusChange } from './resource-status/status-rows.sql.js';
export { LimitUpkeep } from './limits/limit-upkeep.js';
export { ledgerTerms, levelEverySeconds, ShareUse } from './task-queues/share-use.js';
export { shareDemand } from './task-queues/share-demand.js';
export { type Capability, capabilityOf, type Free } from './task-queues/capability.js';
export { eligible } from './task-queues/eligible.js';
export { type QueueDefinition } from './task-queues/queue-definitions.js';
export { chargeOf, sharesOf } from './task-queues/share-keys.js';
export { type Decision } from './decisions/decision.js';
export { type DecidedAttempt, readDecisions, removeDecisions, sampledSince } from './decisions/decisions.sql.js';
export { replay } from './decisions/replay.js';
export { ShareLedger } from './task-queues/share-ledger.js';
export { type NamedEntity } from './task-queues/shares.js';
export { WaitingQueues } from './task-queues/waiting-queues.js';
export { type ClaimableJob } from './jobs/claim-jobs.js';
export { type Claimer, distribute } from './matching/distribute.js';
export { type Gate } from './matching/gate.js';
export { Stock } from './matching/stock.js';
export { type QueueOrder } from './matching/take-jobs.sql.js';
export { type Limit, readKey as readLimitKey } from './limits/limit.js';
export { QueueLimits, rulesOf as limitRulesOf } from './limits/queue-limits.js';
export { AttemptEnds } from './execution/attempt-ends.js';
export { Leases } from './execution/leases.js';
export { PilotEnds } from './execution/pilot-ends.js';
export { type ArchiveRow, type DueJobs, isDue } from './archive/archive-rows.sql.js';
export { type ArchivedJob, listArchivedJobs, listArchives } from './archive/archive-search.sql.js';
export { type ArchiveLine } from './archive/archive-lines.js';
export { type ArchiveRun, JobArchive } from './archive/job-archive.js';
export { releaseSandboxes, removeUnused } from './outputs/sandbox-retention.js';
