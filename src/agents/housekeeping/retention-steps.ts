import type { Credentials } from '../../ce/index.js';
import { archiveElement, retentionOf } from '../../configuration/index.js';
import type { Database } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import {
  type ArchiveRun,
  JobArchive,
  releaseSandboxes,
  removeDecisions,
  removeUnused,
  type StorageGate,
} from '../../wms/index.js';
import type { AgentContext, AgentSummary } from '../agent.js';
import { byCe } from '../by-ce.js';
import type { ComputingElements } from '../computing-elements.js';
import { deleteUnusedDescriptions, dueJobs, vosOf } from './old-jobs.js';
import { deletePilots, findOldLogs, findOldPilots, forgetLogs, type OldPilot } from './old-pilots.js';
import { keepPartitions, partitionedTables } from './partitions.js';

export interface HousekeepingParts {
  database: Database;
  elements: Pick<ComputingElements, 'get'>;
  /** Storage elements by name. */
  storage: { get(name: string): StorageElement };
  /** Removes what is stored of the logs of pilots. */
  pilotLogs: { remove(pilots: readonly { vo: string; stamp: string }[]): Promise<void> };
  /** What is closed for `remove` keeps what it has. */
  gate: Pick<StorageGate, 'refusal'>;
  /** Sums up old rows of the use of shares. */
  shareUse: { fold(): Promise<number> };
  /** The counters of jobs; a repair is made when the last one is so many hours old, and answers how many were wrong. */
  jobCounts: { removeEmpty(): Promise<number>; repairAfter(hours: number): Promise<number> };
}

/** What a step gets: the context of a run, and whom to tell how it goes. */
export interface StepContext extends AgentContext {
  onProgress?: (text: string) => void;
}

/** One rule of retention, carried out. Each may stop between two transactions, and goes on the next time. */
export type Step = (parts: HousekeepingParts, context: StepContext) => Promise<AgentSummary>;

const credentials: Credentials = { kind: 'none' };

async function partitions({ database }: HousekeepingParts, { configuration, log, onProgress }: StepContext) {
  let changed = 0;
  for (const table of partitionedTables(configuration.document)) {
    const { created, dropped, held } = await keepPartitions(database, table);
    changed += created + dropped;
    for (const { name, jobId } of held) {
      log.warn('An old partition stays, because one of its jobs is still there', { table: table.name, name, jobId });
    }
    onProgress?.(`${table.name}: ${created} partitions made, ${dropped} dropped, ${held.length} held`);
  }
  return { partitions: changed };
}

async function audit({ database }: HousekeepingParts, { configuration, signal }: StepContext) {
  const seconds = Math.round(configuration.document.retention.audit_days * 86_400);
  let deleted = 0;
  await database.execute('DELETE FROM token_revocations WHERE forget_at < NOW(6)');
  await database.execute('DELETE FROM resource_status_history WHERE set_at < NOW(6) - INTERVAL ? SECOND', [seconds]);
  for (;;) {
    signal.throwIfAborted();
    const { affectedRows } = await database.execute(
      'DELETE FROM audit WHERE at < NOW(6) - INTERVAL ? SECOND ORDER BY at LIMIT 5000',
      [seconds],
    );
    if (affectedRows === 0) return { audit: deleted };
    deleted += affectedRows;
  }
}

async function shares({ shareUse }: HousekeepingParts) {
  return { folded: await shareUse.fold() };
}

async function decisions({ database }: HousekeepingParts, { configuration, signal }: StepContext) {
  return { decisions: await removeDecisions(database, configuration.document.decisions.keep_days, signal) };
}

async function counters({ jobCounts }: HousekeepingParts, { log }: StepContext) {
  const repaired = await jobCounts.repairAfter(24);
  if (repaired > 0) log.warn('Counters of jobs were wrong and have been corrected', { counters: repaired });
  return { counters: repaired + (await jobCounts.removeEmpty()) };
}

async function pilotLogs({ database, pilotLogs: logs, gate }: HousekeepingParts, context: StepContext) {
  let removed = 0;
  for (const vo of await vosOf(database, 'pilots')) {
    if (gate.refusal(context.configuration.document.storage.pilot_logs, vo, 'remove') !== null) continue;
    const days = retentionOf(context.configuration.document, vo).pilot_logs_days;
    for (;;) {
      context.signal.throwIfAborted();
      const old = await findOldLogs(database, { vo, days }, 500);
      if (old.length === 0) break;
      await logs.remove(old);
      await forgetLogs(
        database,
        old.map(({ stamp }) => stamp),
      );
      removed += old.length;
      context.onProgress?.(`${vo}: ${removed} pilot logs removed`);
    }
  }
  return { pilotLogs: removed };
}

async function pilots({ database, elements, pilotLogs: logs, gate }: HousekeepingParts, context: StepContext) {
  let deleted = 0;
  for (const vo of await vosOf(database, 'pilots')) {
    if (gate.refusal(context.configuration.document.storage.pilot_logs, vo, 'remove') !== null) continue;
    const days = retentionOf(context.configuration.document, vo).pilots_days;
    for (;;) {
      context.signal.throwIfAborted();
      const old = await findOldPilots(database, { vo, days }, 500);
      if (old.length === 0) break;
      await cleanCes(elements, old, context);
      await logs.remove(old);
      await deletePilots(database, old);
      deleted += old.length;
      context.onProgress?.(`${vo}: ${deleted} pilots deleted`);
    }
  }
  return { pilots: deleted };
}

/** A CE that does not answer, or is no longer there, keeps its leftovers. */
async function cleanCes(
  elements: HousekeepingParts['elements'],
  old: readonly OldPilot[],
  { configuration, signal, log }: StepContext,
): Promise<void> {
  for (const group of byCe(old)) {
    const [first] = group;
    const references = group.flatMap(({ reference }) => reference ?? []);
    if (first === undefined || references.length === 0) continue;
    try {
      const ce = await elements.get(configuration.document, first);
      await ce.clean(references, { signal, credentials });
    } catch (error) {
      signal.throwIfAborted();
      log.warn('A CE could not be cleaned', { site: first.site, ce: first.ce, runs: references.length, error });
    }
  }
}

async function sandboxes(
  { database, storage, gate }: HousekeepingParts,
  { configuration, signal, onProgress }: StepContext,
) {
  const { document } = configuration;
  let released = 0;
  let removed = 0;
  for (const vo of await vosOf(database, 'sandboxes')) {
    const rules = retentionOf(document, vo);
    // Outputs that are kept as long as their jobs go with them; what is older still can only be a leftover.
    const days =
      rules.output_sandboxes_days < rules.finished_jobs_days
        ? rules.output_sandboxes_days
        : rules.finished_jobs_days + rules.unassigned_sandboxes_days;
    released += await releaseSandboxes(database, { vo, days, signal });
    const element = storage.get(document.storage.sandboxes);
    if (gate.refusal(document.storage.sandboxes, vo, 'remove') === null)
      removed += await removeUnused(database, element, { vo, days: rules.unassigned_sandboxes_days, signal });
    onProgress?.(`${vo}: ${released} output sandboxes taken from their jobs, ${removed} sandboxes removed`);
  }
  return { sandboxesReleased: released, sandboxes: removed };
}

async function jobs({ database, storage }: HousekeepingParts, { configuration, signal, onProgress }: StepContext) {
  const { document } = configuration;
  const archive = new JobArchive(database, storage);
  const tell: ArchiveRun['onProgress'] = ({ vo, archive: id, step, jobs: count }) =>
    onProgress?.(`${vo}: ${count} jobs ${step}${id === null ? '' : ` (archive ${id})`}`);
  const sum = { jobs: 0, descriptions: 0, unclear: 0 };
  for (const vo of await vosOf(database, 'jobs')) {
    const due = await dueJobs(database, vo, retentionOf(document, vo).finished_jobs_days);
    const went = await archive.run(due, { signal, se: archiveElement(document, vo), onProgress: tell });
    sum.jobs += went.jobs;
    sum.descriptions += went.descriptions;
    sum.unclear += went.unclear;
  }
  // What finished jobs used is at least as old as they are.
  const unclear = sum.unclear === 0 ? 0 : await deleteUnusedDescriptions(database, 1);
  return { jobs: sum.jobs, descriptions: sum.descriptions + unclear };
}

/** The steps of housekeeping, in their order: what may take long comes last. */
export const steps = {
  partitions,
  audit,
  shares,
  decisions,
  'pilot-logs': pilotLogs,
  pilots,
  sandboxes,
  jobs,
  counters,
} satisfies Record<string, Step>;
export type StepName = keyof typeof steps;
export const stepNames = Object.keys(steps) as StepName[];
