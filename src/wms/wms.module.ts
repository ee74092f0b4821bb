import { Module } from '@nestjs/common';
import { Jobs } from './jobs/jobs.js';
import { AttemptSandboxesController } from './outputs/attempt-sandboxes.controller.js';
import { Sandboxes } from './outputs/sandboxes.js';
import { SandboxesController } from './outputs/sandboxes.controller.js';
import { PilotLogs } from './pilot-logs/pilot-logs.js';
import { PilotLogsController } from './pilot-logs/pilot-logs.controller.js';

/**
 * The path of a job, stage by stage: submission → checking → task queues → matching → execution → outputs.
 * `jobs` is the job itself, `pilots` who runs it. This list is the table of contents.
 */
@Module({
  controllers: [AttemptSandboxesController, SandboxesController, PilotLogsController],
  providers: [Jobs, Sandboxes, PilotLogs],
  exports: [],
})
export class WmsModule {}
