import { Controller } from '@nestjs/common';
import { Caller, mayManageJob, mayReadSandbox, type Owned, type UserPrincipal } from '../../auth/index.js';
import {
  type BodyOf,
  type ParamsOf,
  type QueryOf,
  Refusal,
  type ReplyOf,
  sandboxes as routes,
} from '../../contract/index.js';
import { Database, Handles, Input } from '../../platform/index.js';
import { Admission } from '../jobs/admission.js';
import { managesVo } from '../jobs/managed-jobs.js';
import { ownerOfJob } from './job-owner.js';
import { ownPrefix, type SandboxOwner, shortPfn } from './pfn.js';
import { Sandboxes } from './sandboxes.js';

/** DiracX's sandbox routes, for users. */
@Controller()
export class SandboxesController {
  constructor(
    private readonly sandboxes: Sandboxes,
    private readonly database: Database,
    private readonly admission: Admission,
  ) {}

  @Handles(routes.initiate)
  initiate(
    @Caller() user: UserPrincipal,
    @Input(routes.initiate) { body }: { body: BodyOf<typeof routes.initiate> },
  ): Promise<ReplyOf<typeof routes.initiate>> {
    return this.sandboxes.initiate(ownerOf(user), body);
  }

  @Handles(routes.download)
  async download(
    @Caller() user: UserPrincipal,
    @Input(routes.download) { query }: { query: QueryOf<typeof routes.download> },
  ): Promise<ReplyOf<typeof routes.download>> {
    const pfn = shortPfn(query.pfn);
    const row = await this.sandboxes.find(pfn);
    const administrator = user.properties.includes('JobAdministrator');
    const sharing = user.properties.includes('JobSharing') && row?.owner_group === user.group;
    if (!administrator && !sharing) {
      const prefix = ownPrefix(ownerOf(user));
      if (!pfn.startsWith(prefix)) throw new Refusal('forbidden', `Invalid PFN. PFN must start with ${prefix}`);
      if (row?.owner_subject !== user.subject)
        throw new Refusal('forbidden', `${user.username} is not the owner of the sandbox`);
    }
    if (row === undefined || row.vo !== user.vo) {
      throw new Refusal('sandbox-not-found', `Sandbox with ${pfn} and SandboxSE not found`);
    }
    return this.sandboxes.downloadUrl(pfn, user.vo);
  }

  @Handles(routes.ofJob)
  async ofJob(
    @Caller() user: UserPrincipal,
    @Input(routes.ofJob) { params }: { params: ParamsOf<typeof routes.ofJob> },
  ): Promise<ReplyOf<typeof routes.ofJob>> {
    const known = await this.isReadable(user, params.id);
    const names = (kind: 'input' | 'output') => (known ? this.names(params.id, kind) : [null]);
    return { Input: await names('input'), Output: await names('output') };
  }

  @Handles(routes.ofJobByKind)
  async ofJobByKind(
    @Caller() user: UserPrincipal,
    @Input(routes.ofJobByKind) { params }: { params: ParamsOf<typeof routes.ofJobByKind> },
  ): Promise<ReplyOf<typeof routes.ofJobByKind>> {
    return (await this.isReadable(user, params.id)) ? this.names(params.id, params.kind) : [null];
  }

  @Handles(routes.assign)
  async assign(
    @Caller() user: UserPrincipal,
    @Input(routes.assign)
    { params, body }: { params: ParamsOf<typeof routes.assign>; body: BodyOf<typeof routes.assign> },
  ): Promise<null> {
    const owner = await this.managed(user, params.id);
    if (await this.sandboxes.isAssigned(params.id, body))
      throw new Refusal('sandbox-already-assigned', 'Sandbox already assigned');
    await this.sandboxes.assignOutput({ jobId: params.id, attempt: 0 }, body, owner);
    return null;
  }

  @Handles(routes.unassign)
  async unassign(
    @Caller() user: UserPrincipal,
    @Input(routes.unassign) { params }: { params: ParamsOf<typeof routes.unassign> },
  ): Promise<null> {
    await this.managed(user, params.id);
    await this.sandboxes.unassign([params.id]);
    return null;
  }

  @Handles(routes.unassignBulk)
  async unassignBulk(
    @Caller() user: UserPrincipal,
    @Input(routes.unassignBulk) { body }: { body: BodyOf<typeof routes.unassignBulk> },
  ): Promise<void> {
    const ids = [...new Set(body.job_ids)];
    this.admission.checkSize(user, ids.length);
    const managed = await this.admission.managed(user, ids);
    const unknown = ids.find((jobId) => !managed.has(jobId));
    if (unknown !== undefined) throw new Refusal('job-not-found', `There is no job ${unknown}`);
    await this.sandboxes.unassign(ids);
  }

  /** DiracX writes a list of one null where there is no sandbox. */
  private async names(jobId: number, kind: 'input' | 'output'): Promise<(string | null)[]> {
    const pfns = await this.sandboxes.ofJob(jobId, kind);
    return pfns.length === 0 ? [null] : pfns;
  }

  /** Whether there is such a job; refuses users to whom it is none of theirs. A foreign job looks like an unknown one. */
  private async isReadable(user: UserPrincipal, jobId: number): Promise<boolean> {
    const owner = await ownerOfJob(this.database, jobId, user.vo);
    if (owner !== undefined && mayReadSandbox(user, ownedBy(owner))) return true;
    if (user.properties.includes('JobAdministrator')) return false;
    throw new Refusal('forbidden', 'Forbidden');
  }

  /** The owner of a job whose sandboxes the user may change; a foreign job looks like an unknown one. */
  private async managed(user: UserPrincipal, jobId: number): Promise<SandboxOwner> {
    const owner = await ownerOfJob(this.database, jobId, user.vo);
    if (owner !== undefined && mayManageJob(user, ownedBy(owner))) return owner;
    if (managesVo(user)) throw new Refusal('job-not-found', `There is no job ${jobId}`);
    throw new Refusal('forbidden', 'Forbidden');
  }
}

function ownedBy({ vo, group, subject }: SandboxOwner): Owned {
  return { vo, owner_group: group, owner_subject: subject };
}

function ownerOf(user: UserPrincipal): SandboxOwner {
  return { vo: user.vo, group: user.group, owner: user.username, subject: user.subject };
}
