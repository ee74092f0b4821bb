import { Injectable } from '@nestjs/common';
import { CurrentConfiguration } from '../../configuration/index.js';
import { type Problem, Refusal, type SandboxInfo, type SandboxUpload } from '../../contract/index.js';
import { Database, type Transaction } from '../../platform/index.js';
import { type StorageElement, StorageElements } from '../../storage/index.js';
import { StorageGate } from '../resource-status/storage-gate.js';
import { fullPfn, keyOf, pfnOf, type SandboxOwner, shortPfn } from './pfn.js';
import { SandboxQuota } from './sandbox-quota.js';
import { detach } from './sandbox-retention.js';
import {
  attach,
  findSandboxes,
  inputsOfJobs,
  registerSandbox,
  type SandboxRow,
  sandboxesOfJob,
} from './sandbox-rows.js';

/** Seconds that signed forms and URLs live. */
const lifetime = 300;

/** Sandboxes: stored once by content and owner, attached to any number of jobs. */
@Injectable()
export class Sandboxes {
  /** What owners may bring in. */
  readonly quota: SandboxQuota;

  constructor(
    private readonly database: Database,
    private readonly elements: StorageElements,
    private readonly configuration: CurrentConfiguration,
    private readonly gate: StorageGate,
  ) {
    this.quota = new SandboxQuota(database, configuration);
  }

  /**
   * Registers a sandbox; says where to upload it, or that its bytes are already stored (`url` null). An `output` of a job
   * counts for the quota of its owner, but is not refused by it.
   */
  async initiate(owner: SandboxOwner, info: SandboxInfo, kind: 'upload' | 'output' = 'upload'): Promise<SandboxUpload> {
    const limit = this.configuration.get().document.vos[owner.vo]?.jobs.max_sandbox_bytes ?? 0;
    if (info.size > limit)
      throw new Refusal('sandbox-too-large', `Sandbox too large, maximum allowed is ${limit} bytes`);
    this.gate.pass(this.name, owner.vo, 'write');
    const pfn = pfnOf(owner, info);
    const [known] = await findSandboxes(this.database, [pfn]);
    if (known !== undefined && known.owner_subject !== owner.subject) {
      throw new Refusal('forbidden', `${owner.owner} is not the owner of the sandbox`);
    }
    if (known === undefined && kind === 'upload') await this.quota.admitUpload(owner, info.size);
    const element = this.element();
    await registerSandbox(this.database, owner, info, { se: element.name, pfn });
    const stored = await element.head(keyOf(pfn));
    if (stored?.size === info.size) return { pfn: fullPfn(pfn), url: null, fields: {} };
    const form = await element.uploadForm({
      key: keyOf(pfn),
      sha256: info.checksum,
      size: info.size,
      expiresIn: lifetime,
    });
    return { pfn: fullPfn(pfn), ...form };
  }

  /** A URL for the bytes of a sandbox, for somebody of a VO. The caller has checked that it may be read. */
  async downloadUrl(pfn: string, vo: string): Promise<{ url: string; expires_in: number }> {
    this.gate.pass(this.name, vo, 'read');
    const url = await this.element().downloadUrl({
      key: keyOf(pfn),
      expiresIn: lifetime,
      filename: pfn.slice(pfn.lastIndexOf(':') + 1),
    });
    return { url, expires_in: lifetime };
  }

  /** The row of a sandbox by either form of its name; undefined when it was never announced. */
  async find(pfn: string): Promise<SandboxRow | undefined> {
    const [row] = await findSandboxes(this.database, [shortPfn(pfn)]);
    return row;
  }

  /** Short names of the sandboxes of a job. */
  ofJob(jobId: number, kind: 'input' | 'output'): Promise<string[]> {
    return sandboxesOfJob(this.database, jobId, kind);
  }

  /** Problems with `SB:` names that an owner wants to use as inputs: unknown ones and those of others. Paths are the names. */
  async problemsOf(pfns: readonly string[], owner: SandboxOwner): Promise<Problem[]> {
    const known = new Map((await findSandboxes(this.database, pfns.map(shortPfn))).map((row) => [row.pfn, row]));
    return pfns
      .filter((pfn) => known.get(shortPfn(pfn))?.owner_subject !== owner.subject)
      .map((pfn) => ({ path: pfn, message: 'no such sandbox of yours; upload it first' }));
  }

  /** Attaches input sandboxes to new jobs, in the transaction that creates them. */
  async assignInputs(
    tx: Transaction,
    entries: readonly { jobId: number; pfn: string }[],
    owner: SandboxOwner,
  ): Promise<void> {
    const rows = await findSandboxes(tx, [...new Set(entries.map(({ pfn }) => shortPfn(pfn)))]);
    const own = new Map(
      rows.filter((row) => row.owner_subject === owner.subject).map((row) => [row.pfn, row.sandbox_id]),
    );
    const links = entries.map(({ jobId, pfn }) => {
      const sandboxId = own.get(shortPfn(pfn));
      if (sandboxId === undefined) throw new Refusal('sandbox-not-found', `There is no sandbox ${pfn} of yours`);
      return { jobId, sandboxId, attempt: 0 };
    });
    await attach(tx, 'input', links);
  }

  /**
   * Attaches an output sandbox to a job. An attempt replaces nothing: readers see the outputs of the latest one. `fence`
   * judges in the transaction that attaches. The storage element is asked before it: heartbeats must never wait for one.
   */
  async assignOutput(
    job: { jobId: number; attempt: number },
    pfn: string,
    owner: SandboxOwner,
    fence: (tx: Transaction) => Promise<unknown> = async () => undefined,
  ): Promise<void> {
    const [row] = await findSandboxes(this.database, [shortPfn(pfn)]);
    if (row === undefined || row.owner_subject !== owner.subject)
      throw new Refusal('sandbox-not-found', 'Sandbox not found');
    if ((await this.element().head(keyOf(row.pfn))) === null)
      throw new Refusal('sandbox-not-found', 'Sandbox was not uploaded');
    await this.database.transaction(async (tx) => {
      await fence(tx);
      await attach(tx, 'output', [{ ...job, sandboxId: row.sandbox_id }]);
    });
  }

  /** Whether an output sandbox is attached by this name. */
  async isAssigned(jobId: number, pfn: string): Promise<boolean> {
    return (await this.ofJob(jobId, 'output')).includes(shortPfn(pfn));
  }

  async unassign(jobIds: readonly number[]): Promise<void> {
    await this.database.transaction((tx) => detach(tx, jobIds));
  }

  /** Input sandboxes of these jobs whose bytes are not in the storage element, by job. */
  async missingInputs(jobIds: readonly number[]): Promise<Map<number, string[]>> {
    const missing = new Map<number, string[]>();
    const stored = new Map<string, boolean>();
    for (const { job_id, pfn, vo } of await inputsOfJobs(this.database, jobIds)) {
      this.gate.pass(this.name, vo, 'check');
      if (!stored.has(pfn)) stored.set(pfn, (await this.element().head(keyOf(pfn))) !== null);
      if (stored.get(pfn) === false) missing.set(job_id, [...(missing.get(job_id) ?? []), pfn]);
    }
    return missing;
  }

  /** Where each input sandbox of a job can be fetched now. */
  async inputsOf(jobId: number, vo: string): Promise<{ pfn: string; url: string; expires_in: number }[]> {
    const pfns = await this.ofJob(jobId, 'input');
    return Promise.all(pfns.map(async (pfn) => ({ pfn: fullPfn(pfn), ...(await this.downloadUrl(pfn, vo)) })));
  }

  private get name(): string {
    return this.configuration.get().document.storage.sandboxes;
  }

  private element(): StorageElement {
    return this.elements.get(this.name);
  }
}
