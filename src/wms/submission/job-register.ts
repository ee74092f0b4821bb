import { Injectable } from '@nestjs/common';
import type { AcceptedJob } from '../../contract/index.js';
import { BatchLane, type BatchOutcome, Database, IdAllocator, isDuplicate } from '../../platform/index.js';
import { databaseNow, Jobs } from '../jobs/jobs.js';
import { acceptance, idsNeeded, type NewJobs, numberJobs, type Submitter } from './new-jobs.js';
import type { PreparedDescription } from './prepare.js';
import { type Repeatable, RepeatedRequests } from './repeated-requests.js';
import { NextStages, storeJobs } from './store-jobs.js';

/** A call on its way to the transaction. */
interface Call {
  jobs: NewJobs;
  repeatable: Repeatable | null;
}

/** Calls with at most so many jobs share transactions. */
const smallCall = 20;

/** Where checked jobs get their ids and are written down: what it answers is stored. */
@Injectable()
export class JobRegister {
  private readonly jobIds: IdAllocator;
  private readonly descriptionIds: IdAllocator;
  private readonly lane = new BatchLane<Call, AcceptedJob[]>((calls) => this.store(calls), { largest: 200, lanes: 2 });

  constructor(
    database: Database,
    private readonly jobs: Jobs,
    private readonly repeated: RepeatedRequests,
    private readonly stages: NextStages,
  ) {
    this.jobIds = new IdAllocator(database, 'jobs');
    this.descriptionIds = new IdAllocator(database, 'job_descriptions');
  }

  /** What a repeated request was answered before; null for a new one. */
  async replyTo(repeatable: Repeatable): Promise<AcceptedJob[] | null> {
    return (await this.repeated.find(repeatable)) as AcceptedJob[] | null;
  }

  /** Stores all jobs of a call. The same request at the same time elsewhere waits, and gets the same reply. */
  async add(
    owner: Submitter,
    prepared: readonly PreparedDescription[],
    repeatable: Repeatable | null,
  ): Promise<AcceptedJob[]> {
    const needed = idsNeeded(prepared);
    const jobs = await this.jobIds.take(needed.jobs);
    const descriptions = await this.descriptionIds.take(needed.descriptions);
    const call = { jobs: numberJobs(owner, prepared, { jobs, descriptions }), repeatable };
    try {
      return await (needed.jobs <= smallCall ? this.lane.add(call) : this.storeOne(call));
    } catch (error) {
      const reply = repeatable !== null && isDuplicate(error) ? await this.replyTo(repeatable) : null;
      if (reply === null) throw error;
      return reply;
    }
  }

  private async storeOne(call: Call): Promise<AcceptedJob[]> {
    const [outcome] = await this.store([call]);
    if (outcome === undefined || !('ok' in outcome)) throw new Error('A call was stored without an outcome');
    return outcome.ok;
  }

  /** One transaction for several calls. When it fails, the lane tries them apart, so that only the one at fault fails. */
  private async store(calls: Call[]): Promise<BatchOutcome<AcceptedJob[]>[]> {
    const replies = await this.jobs.change(async (tx, effects) => {
      const now = await databaseNow(tx);
      const accepted = calls.map(({ jobs }) => acceptance(jobs.jobs, now));
      const kept = calls.flatMap(({ repeatable }, index) =>
        repeatable === null ? [] : [{ ...repeatable, reply: accepted[index] }],
      );
      await this.repeated.keep(tx, kept, now);
      const newJobs = calls.map(({ jobs }) => jobs);
      await storeJobs(tx, effects, newJobs, { stages: this.stages, now });
      return accepted;
    });
    return replies.map((ok) => ({ ok }));
  }
}
