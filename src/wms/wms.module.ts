import { Module } from '@nestjs/common';
import { Jobs } from './jobs/jobs.js';

/**
 * The path of a job, stage by stage: submission → checking → task queues → matching → execution → outputs.
 * `jobs` is the job itself, `pilots` who runs it. This list is the table of contents.
 */
@Module({
  controllers: [],
  providers: [Jobs],
  exports: [],
})
export class WmsModule {}
