import { Injectable } from '@nestjs/common';
import { minor } from '../../contract/index.js';
import { Database } from '../../platform/index.js';
import { Jobs } from '../jobs/jobs.js';
import type { Move } from '../jobs/move.js';
import { Sandboxes } from '../outputs/sandboxes.js';
import { ResourceStatuses } from '../resource-status/resource-statuses.js';
import type { Requirements } from '../task-queues/requirements.js';
import { isOnHold } from './site-holds.js';

/** Minor state of a job whose input sandbox was announced but never uploaded. */
export const inputSandboxMissing = 'Input sandbox not found';

/** Seconds after which a job in Checking is taken up again, because the message about it may be lost. */
const overdueSeconds = 60;

/**
 * The checks that ask an outside service, run as a task after the submission: the bytes of every input sandbox are in
 * the storage element. Running them again changes nothing: only jobs in Checking move.
 */
@Injectable()
export class CheckJobs {
  constructor(
    private readonly database: Database,
    private readonly jobs: Jobs,
    private readonly sandboxes: Sandboxes,
    private readonly statuses: ResourceStatuses,
  ) {}

  /** Sends jobs on to their task queues, or fails them. Throws when the service does not answer: try again later. */
  async run(jobIds: readonly number[]): Promise<void> {
    const checking = await this.checkingOf(jobIds);
    if (checking.length === 0) return;
    const missing = await this.missingInputs(checking);
    const held = await this.onHold(checking);
    const moves = checking.map((jobId) => verdict(jobId, missing.get(jobId) ?? [], held.has(jobId)));
    await this.jobs.change((tx, effects) => this.jobs.move(tx, effects, moves));
  }

  /** Those that name sites and may begin at none of them: they wait like the others, and say so. */
  private async onHold(jobIds: readonly number[]): Promise<Set<number>> {
    if (!this.statuses.anySet) return new Set();
    const rows = await this.database.query<{ job_id: number; vo: string; requirements: string }>(
      `SELECT j.job_id, j.vo, c.requirements FROM jobs j JOIN task_queues q USING (task_queue_id)
       JOIN requirement_classes c USING (class_id) WHERE j.job_id IN (?)`,
      [jobIds],
    );
    const held = rows.filter(({ vo, requirements }) =>
      isOnHold(JSON.parse(requirements) as Requirements, vo, this.statuses),
    );
    return new Set(held.map(({ job_id }) => job_id));
  }

  /** Jobs of these VOs that have been in Checking for long; the task for them was lost, or fails. */
  async overdue(vos: readonly string[], limit = 1_000): Promise<number[]> {
    if (vos.length === 0) return [];
    const rows = await this.database.query<{ job_id: number }>(
      `SELECT job_id FROM jobs WHERE vo IN (?) AND status = 'Checking' AND last_update_time < NOW(6) - INTERVAL ? SECOND
       ORDER BY job_id LIMIT ?`,
      [vos, overdueSeconds, limit],
    );
    return rows.map((row) => row.job_id);
  }

  private async checkingOf(jobIds: readonly number[]): Promise<number[]> {
    if (jobIds.length === 0) return [];
    const rows = await this.database.query<{ job_id: number }>(
      "SELECT job_id FROM jobs WHERE job_id IN (?) AND status = 'Checking'",
      [jobIds],
    );
    return rows.map((row) => row.job_id);
  }

  /** Jobs with the same sandboxes get the same answer, so one of them is asked about. */
  private async missingInputs(jobIds: readonly number[]): Promise<Map<number, string[]>> {
    const rows = await this.database.query<{ job_id: number; sandbox_id: number }>(
      "SELECT job_id, sandbox_id FROM job_sandboxes WHERE job_id IN (?) AND kind = 'input' ORDER BY job_id, sandbox_id",
      [jobIds],
    );
    const inputs = new Map<number, number[]>();
    for (const { job_id, sandbox_id } of rows) inputs.set(job_id, [...(inputs.get(job_id) ?? []), sandbox_id]);
    const alike = new Map<string, number[]>();
    for (const [jobId, used] of inputs) alike.set(used.join(), [...(alike.get(used.join()) ?? []), jobId]);
    const asked = await this.sandboxes.missingInputs([...alike.values()].flatMap(([first]) => first ?? []));
    const missing = new Map<number, string[]>();
    for (const same of alike.values()) {
      const found = asked.get(same[0] ?? 0);
      if (found !== undefined) for (const jobId of same) missing.set(jobId, found);
    }
    return missing;
  }
}

function verdict(jobId: number, missing: readonly string[], onHold: boolean): Move {
  const common = { jobId, from: ['Checking'] as const, source: 'CheckJobs' };
  if (missing.length === 0) return { ...common, to: 'Waiting', minor: onHold ? minor.onHold : minor.waiting };
  return { ...common, to: 'Failed', minor: inputSandboxMissing, application: missing.join(', ') };
}
