import { Controller } from '@nestjs/common';
import { type AttemptPrincipal, Caller } from '../../auth/index.js';
import { type BodyOf, execution, Refusal, type ReplyOf } from '../../contract/index.js';
import { Database, Handles, Input, type Queryable } from '../../platform/index.js';
import { ownerOfJob } from './job-owner.js';
import type { SandboxOwner } from './pfn.js';
import { Sandboxes } from './sandboxes.js';

/** Sandboxes as a job wrapper sees them: the inputs of its job, and the outputs of its attempt. */
@Controller()
export class AttemptSandboxesController {
  constructor(
    private readonly sandboxes: Sandboxes,
    private readonly database: Database,
  ) {}

  @Handles(execution.inputs)
  async inputs(@Caller() holder: AttemptPrincipal): Promise<ReplyOf<typeof execution.inputs>> {
    await this.holds(this.database, holder);
    return { sandboxes: await this.sandboxes.inputsOf(holder.jobId, holder.vo) };
  }

  @Handles(execution.outputs)
  async outputs(
    @Caller() holder: AttemptPrincipal,
    @Input(execution.outputs) { body }: { body: BodyOf<typeof execution.outputs> },
  ): Promise<ReplyOf<typeof execution.outputs>> {
    return this.sandboxes.initiate(await this.holds(this.database, holder), body, 'output');
  }

  @Handles(execution.assignOutputs)
  async assignOutputs(
    @Caller() holder: AttemptPrincipal,
    @Input(execution.assignOutputs) { body }: { body: BodyOf<typeof execution.assignOutputs> },
  ): Promise<void> {
    const owner = await this.holds(this.database, holder);
    const { jobId, attempt } = holder;
    await this.sandboxes.assignOutput({ jobId, attempt }, body.pfn, owner, (tx) =>
      this.holds(tx, holder, ' FOR UPDATE'),
    );
  }

  /** Fencing: only the attempt that holds the lease may bring outputs. Gives the owner of the job. */
  private async holds(tx: Queryable, holder: AttemptPrincipal, lock = ''): Promise<SandboxOwner> {
    const [lease] = await tx.query(`SELECT 1 AS held FROM leases WHERE job_id = ? AND attempt = ?${lock}`, [
      holder.jobId,
      holder.attempt,
    ]);
    const owner = lease === undefined ? undefined : await ownerOfJob(tx, holder.jobId, holder.vo);
    if (owner === undefined) throw new Refusal('attempt-ended');
    return owner;
  }
}
