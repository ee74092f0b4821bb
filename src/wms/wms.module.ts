import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/index.js';
import { Database } from '../platform/index.js';
import { OpenCalls } from './open-calls.js';
import { SubmissionController } from './submission/submission.controller.js';
import { Submission } from './submission/submission.js';
import { JobRegister } from './submission/job-register.js';
import { RepeatedRequests } from './submission/repeated-requests.js';
import { NextStages } from './submission/store-jobs.js';
import { WaitingJobs } from './submission/waiting-jobs.js';
import { Brake } from './black-holes/brake.js';
import { CheckJobs } from './checking/check-jobs.js';
import { JobChangesController } from './jobs/changes.controller.js';
import { Admission } from './jobs/admission.js';
import { ForeignHeartbeats } from './jobs/foreign-heartbeats.js';
import { JobDetails } from './jobs/job-details.js';
import { JobSearch } from './jobs/job-search.js';
import { Jobs } from './jobs/jobs.js';
import { Metadata } from './jobs/metadata.js';
import { Rescheduling } from './jobs/rescheduling.js';
import { JobSearchController } from './jobs/search.controller.js';
import { StatusUpdates } from './jobs/status-updates.js';
import { TerminationController } from './jobs/termination.controller.js';
import { Termination } from './jobs/termination.js';
import { Searches, SearchTurns } from './search/index.js';
import { ExplainController } from './explain/explain.controller.js';
import { ExplainJobs } from './explain/explain-jobs.js';
import { ExplainPilots } from './explain/explain-pilots.js';
import { ExplainTaskQueues } from './explain/explain-task-queues.js';
import { KnownResources } from './explain/known-resources.js';
import { LimitsInForce } from './explain/limits-in-force.js';
import { RecentClaims } from './explain/recent-claims.js';
import { Positions } from './explain/positions.js';
import { Precedence } from './explain/precedence.js';
import { Standings } from './explain/standings.js';
import { SurroundingsOfPilots } from './explain/surroundings-of-pilots.js';
import { WaitingReasons } from './explain/waiting-reasons.js';
import { AttemptEnds } from './execution/attempt-ends.js';
import { ExecutionController } from './execution/execution.controller.js';
import { Heartbeats } from './execution/heartbeats.js';
import { Leases } from './execution/leases.js';
import { PilotEnds } from './execution/pilot-ends.js';
import { Reports } from './execution/reports.js';
import { LimitsController } from './limits/limits.controller.js';
import { LimitStates } from './limits/limit-states.js';
import { RunningLimits } from './limits/running-limits.js';
import { ClaimedJobs } from './matching/claimed-jobs.js';
import { Descriptions } from './matching/descriptions.js';
import { Claims } from './matching/claims.js';
import { MatchingController } from './matching/matching.controller.js';
import { Matching } from './matching/matching.js';
import { MissedNews } from './matching/missed-news.js';
import { PilotCalls } from './matching/pilot-calls.js';
import { Prospects } from './matching/prospects.js';
import { WaitingRoom } from './matching/waiting-room.js';
import { PilotIdentityController } from './pilots/identity.controller.js';
import { PilotIdentity } from './pilots/pilot-identity.js';
import { PilotRegister } from './pilots/pilot-register.js';
import { PilotSearch } from './pilots/pilot-search.js';
import { PilotSelf } from './pilots/pilot-self.js';
import { PilotsController } from './pilots/pilots.controller.js';
import { PilotSelfController } from './pilots/self.controller.js';
import { ResourceChanges } from './resource-status/resource-changes.js';
import { StorageGate } from './resource-status/storage-gate.js';
import { ResourceView } from './resource-status/resource-view.js';
import { ResourcesController } from './resource-status/resources.controller.js';
import { ResourceStatuses } from './resource-status/resource-statuses.js';
import { Demand } from './task-queues/demand.js';
import { ShareUse } from './task-queues/share-use.js';
import { TaskQueueIndex } from './task-queues/task-queue-index.js';
import { TaskQueues } from './task-queues/task-queues.js';
import { AttemptSandboxesController } from './outputs/attempt-sandboxes.controller.js';
import { Sandboxes } from './outputs/sandboxes.js';
import { SandboxesController } from './outputs/sandboxes.controller.js';
import { LogChunksController } from './pilot-logs/log-chunks.controller.js';
import { LogRates } from './pilot-logs/log-rates.js';
import { PilotLogs } from './pilot-logs/pilot-logs.js';
import { PilotLogsController } from './pilot-logs/pilot-logs.controller.js';

/**
 * The path of a job, stage by stage: submission → checking → task queues → matching → execution → outputs.
 * `jobs` is the job itself, `pilots` who runs it. This list is the table of contents.
 */
@Module({
  imports: [AuthModule],
  controllers: [
    MatchingController,
    LimitsController,
    ExplainController,
    ExecutionController,
    PilotIdentityController,
    PilotSelfController,
    PilotsController,
    SubmissionController,
    JobSearchController,
    JobChangesController,
    TerminationController,
    AttemptSandboxesController,
    SandboxesController,
    PilotLogsController,
    LogChunksController,
    ResourcesController,
  ],
  providers: [
    OpenCalls,
    Submission,
    WaitingJobs,
    JobRegister,
    RepeatedRequests,
    NextStages,
    CheckJobs,
    Jobs,
    Admission,
    Searches,
    SearchTurns,
    JobSearch,
    JobDetails,
    StatusUpdates,
    ForeignHeartbeats,
    Rescheduling,
    Metadata,
    Termination,
    TaskQueues,
    TaskQueueIndex,
    ShareUse,
    Demand,
    ResourceStatuses,
    StorageGate,
    ResourceChanges,
    ResourceView,
    Brake,
    Prospects,
    RunningLimits,
    LimitStates,
    Claims,
    { provide: Descriptions, inject: [Database], useFactory: (database: Database) => new Descriptions(database) },
    ClaimedJobs,
    PilotCalls,
    WaitingRoom,
    MissedNews,
    Matching,
    KnownResources,
    LimitsInForce,
    RecentClaims,
    Positions,
    Precedence,
    Standings,
    SurroundingsOfPilots,
    WaitingReasons,
    ExplainJobs,
    ExplainTaskQueues,
    ExplainPilots,
    Reports,
    AttemptEnds,
    Heartbeats,
    Leases,
    PilotEnds,
    PilotIdentity,
    PilotSelf,
    PilotRegister,
    PilotSearch,
    Sandboxes,
    PilotLogs,
    LogRates,
  ],
  exports: [ResourceStatuses],
})
export class WmsModule {}
