import type { CurrentConfiguration } from '../../configuration/index.js';
import { Refusal } from '../../contract/index.js';
import { type Queryable, RecentCounts } from '../../platform/index.js';
import { inWords } from './bytes-in-words.js';
import type { SandboxOwner } from './pfn.js';

const freshSeconds = 60;

/**
 * How many bytes each owner has in sandboxes of a VO, announced or stored, against the quota of the group or else of the VO.
 * The number is exact when it is counted and used for a minute, in which this server adds what it admits itself.
 * Outputs of jobs count but are never refused: work that was done is kept, and the owner brings in nothing new.
 */
export class SandboxQuota {
  private readonly bytes = new RecentCounts(freshSeconds);

  constructor(
    private readonly database: Queryable,
    private readonly configuration: CurrentConfiguration,
  ) {}

  /** Counts an upload of so many bytes. Refuses with `sandbox-quota` when it would exceed the quota. */
  async admitUpload(owner: SandboxOwner, size: number): Promise<void> {
    const limit = this.limitOf(owner);
    const { fits, count } = await this.add(owner, size, limit);
    if (fits) return;
    const said = `; with ${inWords(size)} more the quota of ${inWords(limit)} would be exceeded`;
    throw refusal(owner, inWords(count), said);
  }

  /** Refuses new jobs of an owner who is over the quota, with `sandbox-quota`. */
  async admitJobs(owner: SandboxOwner): Promise<void> {
    const limit = this.limitOf(owner);
    const { fits, count } = await this.add(owner, 0, limit);
    if (!fits) throw refusal(owner, inWords(count), `, more than the quota of ${inWords(limit)}`);
  }

  private limitOf({ vo, group }: SandboxOwner): number {
    const known = this.configuration.get().document.vos[vo];
    return known?.groups[group]?.max_sandbox_bytes_per_owner ?? known?.jobs.max_sandbox_bytes_per_owner ?? 0;
  }

  private add({ vo, subject }: SandboxOwner, more: number, limit: number): Promise<{ fits: boolean; count: number }> {
    return this.bytes.add(`${vo}/${subject}`, { more, limit }, async () => {
      const [row] = await this.database.query<{ bytes: number }>(
        'SELECT COALESCE(SUM(size), 0) AS bytes FROM sandboxes WHERE vo = ? AND owner_subject = ?',
        [vo, subject],
      );
      return Number(row?.bytes ?? 0);
    });
  }
}

function refusal({ owner, vo }: SandboxOwner, use: string, said: string): Refusal {
  const advice = `it shrinks as old jobs are removed; the administrators of ${vo} can raise it`;
  return new Refusal('sandbox-quota', `${owner} has ${use} in sandboxes${said}; ${advice}`);
}
