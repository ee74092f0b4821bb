import { type Command, InvalidArgumentError } from 'commander';
import {
  dueNow,
  lookAtPartitions,
  openHousekeeping,
  partitionedTables,
  type StepName,
  stepNames,
} from '../agents/index.js';
import { audit } from '../auth/index.js';
import { archiveElement, retentionOf } from '../configuration/index.js';
import { Refusal } from '../contract/index.js';
import { readConfig, toWire } from '../platform/index.js';
import { administratorLog, Installation } from './installation.js';
import { size } from './options.js';
import { say, table } from './output.js';

const exitCodes = `
Steps: ${stepNames.join(', ')}. What each of them does: docs/operators-guide.md.

Exit codes: 0 done; 1 a step failed (the others were done) or another process is at it; 2 wrong usage;
3 the database does not answer; 130 interrupted: the next run goes on where this one stopped.`;

/** `pilotage admin retention …`: what is removed when, and doing it now. */
export function addRetentionCommands(program: Command): void {
  const retention = program.command('retention').description('what is kept how long, what is due, and doing it now');

  retention
    .command('show')
    .description('the rules in force, what is due by them, and the time partitions; changes nothing')
    .option('--json', 'as one JSON object')
    .action(({ json }: { json?: boolean }) => show(json === true));

  retention
    .command('run')
    .description('do the housekeeping now; the agents do it every ten minutes')
    .option('--dry-run', 'say what would be done, and change nothing')
    .option('--only <steps>', `some steps only, as a comma list`, stepsOf)
    .addHelpText('after', exitCodes)
    .action(({ dryRun, only = stepNames }: { dryRun?: boolean; only?: StepName[] }) =>
      dryRun === true ? preview(only) : run(only),
    );
}

function stepsOf(text: string): StepName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !stepNames.includes(name as StepName));
  if (unknown === undefined) return names as StepName[];
  throw new InvalidArgumentError(`There is no step ${unknown}; known are ${stepNames.join(', ')}.`);
}

function show(json: boolean): Promise<void> {
  return Installation.with(async (installation) => {
    const { document } = await installation.configuration();
    const vos = Object.keys(document.vos).map((vo) => ({
      vo,
      ...retentionOf(document, vo),
      archive: archiveElement(document, vo),
    }));
    const due = await dueNow(installation.database, document, stepNames);
    const partitions = await partitionsOf(installation);
    if (json) say(JSON.stringify({ rules: { installation: document.retention, vos }, due, partitions }, null, 2));
    else say([rulesTable(vos), dueTable(due), partitionTable(partitions)].join('\n\n'));
  });
}

async function partitionsOf(installation: Installation) {
  const { document } = await installation.configuration();
  const tables = partitionedTables(document);
  return Promise.all(tables.map(async (one) => ({ ...one, ...(await lookAtPartitions(installation.database, one)) })));
}

function rulesTable(vos: ({ vo: string; archive: string | null } & ReturnType<typeof retentionOf>)[]): string {
  return table(
    ['days for', 'finished jobs', 'archive in', 'pilots', 'pilot logs', 'outputs', 'unused sandboxes'],
    vos.map((rules) => [
      rules.vo,
      rules.finished_jobs_days,
      rules.archive ?? 'nowhere',
      rules.pilots_days,
      rules.pilot_logs_days,
      Math.min(rules.output_sandboxes_days, rules.finished_jobs_days),
      rules.unassigned_sandboxes_days,
    ]),
  );
}

function dueTable(due: Awaited<ReturnType<typeof dueNow>>): string {
  return table(
    ['due now', 'vo', 'days', 'count', 'oldest', 'bytes'],
    due.map(({ what, vo, days, count, oldest, bytes }) => [
      what,
      vo,
      days,
      count,
      oldest === null ? null : toWire(oldest),
      size(bytes),
    ]),
  );
}

function partitionTable(tables: Awaited<ReturnType<typeof partitionsOf>>): string {
  return table(
    [
      'table in partitions',
      'days',
      'partitions',
      'rows about',
      'bytes',
      'oldest',
      'to make',
      'to drop',
      'held by job',
      'unsorted',
    ],
    tables.map(({ name, keepDays, existing, future, create, drop, held }) => [
      name,
      keepDays,
      existing.length,
      existing.reduce((sum, { rows }) => sum + rows, future.rows),
      size(existing.reduce((sum, { bytes }) => sum + bytes, future.bytes)),
      existing[0]?.name ?? null,
      create.length,
      drop.length === 0 ? 0 : drop.join(' '),
      held.length === 0 ? null : held.map((one) => `${one.name}: ${one.jobId}`).join(' '),
      future.rows,
    ]),
  );
}

function preview(steps: readonly StepName[]): Promise<void> {
  return Installation.with(async (installation) => {
    const { document } = await installation.configuration();
    const due = (await dueNow(installation.database, document, steps)).filter(({ count }) => count > 0);
    const lines = due.map(({ step, vo, what, count }) => `${step}: ${vo === null ? '' : `${vo}: `}${count} ${what}`);
    if (steps.includes('partitions')) {
      for (const { name, create, drop, held } of await partitionsOf(installation)) {
        lines.push(
          `partitions: ${name}: ${create.length} to make, ${drop.length} to drop, ${held.length} held by jobs`,
        );
      }
    }
    say(lines.length === 0 ? 'nothing is due' : lines.join('\n'));
  });
}

async function run(steps: readonly StepName[]): Promise<void> {
  const stop = new AbortController();
  const interrupt = (): void => stop.abort(new Error('interrupted; the next run goes on where this one stopped'));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const housekeeping = await openHousekeeping(readConfig(), administratorLog());
  try {
    const onProgress = (text: string): void => void process.stderr.write(`${text}\n`);
    const summary = await housekeeping.run(steps, { signal: stop.signal, onProgress });
    if (summary === null)
      throw new Refusal('unavailable', 'Another process is doing the housekeeping; try again later');
    await Installation.with(({ database, administrator }) =>
      audit(database, {
        vo: '',
        actor: administrator,
        action: 'retention.run',
        subject: steps.join(','),
        detail: summary,
      }),
    );
    const done = Object.entries(summary).filter(([, count]) => count > 0);
    say(done.length === 0 ? 'nothing was due' : done.map(([name, count]) => `${name}: ${count}`).join('\n'));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`pilotage admin: ${(stop.signal.reason as Error).message}\n`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
    await housekeeping.close();
  }
}
