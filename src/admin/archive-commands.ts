import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { audit } from '../auth/index.js';
import { toWire } from '../platform/index.js';
import { type ArchiveRow, JobArchive, listArchivedJobs, listArchives } from '../wms/index.js';
import { Installation } from './installation.js';
import { listLimit, positive, size } from './options.js';
import { say, table } from './output.js';

interface ListOptions {
  vo?: string;
  owner?: string;
  archive?: number;
  before?: number;
  limit: number;
  json?: boolean;
}

type Found = Awaited<ReturnType<JobArchive['read']>>;

/** `pilotage admin archive …`: jobs that were archived and are no longer in the database. */
export function addArchiveCommands(program: Command): void {
  const archive = program.command('archive').description('finished jobs that were moved to a storage element');

  archive
    .command('list')
    .description('list archives, newest first; or the jobs of an owner or of one archive')
    .option('--vo <name>', 'of this VO only')
    .option('--owner <name>', 'the jobs of this user')
    .option('--archive <id>', 'the jobs of this archive', positive)
    .option('--before <id>', 'go on below this archive (or job, where jobs are listed)', positive)
    .option('--limit <number>', 'at most so many', listLimit, 50)
    .option('--json', 'as a JSON array')
    .action(list);

  archive
    .command('show')
    .description('print what the archive knows of a job')
    .argument('<job>', 'id of the job', positive)
    .option('--json', 'everything, as one JSON object')
    .action((job: number, { json }: { json?: boolean }) =>
      withJob(job, (found) => say(json === true ? print(found) : summary(found))),
    );

  archive
    .command('restore-to-file')
    .description('write everything about a job to a new file, as one JSON object')
    .argument('<job>', 'id of the job', positive)
    .argument('<file>', 'a file that is not there yet')
    .action((job: number, file: string) =>
      withJob(job, (found) => {
        writeFileSync(file, `${print(found)}\n`, { flag: 'wx', mode: 0o600 });
        say(`job ${job} was written to ${file}`);
      }),
    );

  archive
    .command('check')
    .description('read an archive back and compare size, SHA-256 and number of jobs')
    .argument('<archive>', 'id of the archive', positive)
    .action((id: number) =>
      Installation.with(async (installation) => {
        const [row] = await listArchives(installation.database, { before: id + 1, limit: 1 });
        if (row?.archive_id !== id) throw new Error(`there is no archive ${id}`);
        if (row.state === 'open') throw new Error(`archive ${id} is still being written`);
        const wrong = await (await installation.archive()).check(row);
        if (wrong !== null) throw new Error(`archive ${id} (${row.object_key} in ${row.se}) is damaged: ${wrong}`);
        say(`archive ${id} is as it was written: ${row.jobs} jobs, SHA-256 ${row.sha256}`);
      }),
    );
}

function list({ json, owner, archive, ...page }: ListOptions): Promise<void> {
  return Installation.with(async ({ database }) => {
    if (owner === undefined && archive === undefined) {
      const rows = await listArchives(database, page);
      say(json === true ? JSON.stringify(rows, null, 2) : archiveTable(rows));
      return;
    }
    const of = { ...(owner === undefined ? {} : { owner }), ...(archive === undefined ? {} : { archive }) };
    const jobs = await listArchivedJobs(database, { ...page, ...of });
    const cells = jobs.map((job) => [
      job.job_id,
      job.vo,
      job.owner,
      job.status,
      toWire(job.submission_time),
      job.archive_id,
    ]);
    say(
      json === true
        ? JSON.stringify(jobs, null, 2)
        : table(['job', 'vo', 'owner', 'status', 'submitted', 'archive'], cells),
    );
  });
}

function archiveTable(rows: ArchiveRow[]): string {
  return table(
    ['archive', 'vo', 'made', 'state', 'jobs', 'changed', 'size', 'storage element', 'object'],
    rows.map((row) => [
      row.archive_id,
      row.vo,
      toWire(row.created_at),
      row.state,
      row.jobs,
      row.released,
      size(row.bytes),
      row.se,
      row.object_key,
    ]),
  );
}

/** Reads a job out of its archive, notes in the audit that it was read, and hands it over. */
function withJob(jobId: number, use: (found: Found) => void): Promise<void> {
  return Installation.with(async (installation) => {
    const { database, administrator } = installation;
    const archive = await installation.archive();
    const row = await archive.archiveOf(jobId);
    if (row === undefined) throw new Error(await whyNot(installation, jobId));
    const found = await archive.read(row, jobId);
    const subject = `job ${jobId}`;
    await audit(database, { vo: row.vo, actor: administrator, action: 'archive.read', subject });
    use(found);
  });
}

async function whyNot({ database }: Installation, jobId: number): Promise<string> {
  const [row] = await database.query<{ status: string }>('SELECT status FROM jobs WHERE job_id = ?', [jobId]);
  return row === undefined
    ? `job ${jobId} is neither in the database nor in an archive`
    : `job ${jobId} is not archived: it is still in the database (${row.status})`;
}

function print({ description, job }: Found): string {
  const { document, jdl } = description;
  const { kind: _, ...rest } = job;
  const parsed = document === null ? null : (JSON.parse(document) as unknown);
  return JSON.stringify({ ...rest, description: parsed, jdl }, null, 2);
}

function summary({ job: { job, history, attempts, parameters, pilots } }: Found): string {
  const text = (row: Record<string, unknown>, ...names: string[]): string[] =>
    names.map((name) => String(row[name] ?? '-'));
  const facts = [
    'status',
    'minor_status',
    'owner',
    'owner_group',
    'vo',
    'job_name',
    'site',
    'submission_time',
    'end_exec_time',
  ];
  return [
    `job ${job.job_id}`,
    table(
      ['what', 'value'],
      facts.map((name) => [name, ...text(job, name)]),
    ),
    table(
      ['at', 'status', 'minor status', 'source'],
      history.map((row) => text(row, 'status_time', 'status', 'minor_status', 'source')),
    ),
    table(
      ['attempt', 'pilot', 'site', 'outcome', 'exit code'],
      attempts.map((row) => text(row, 'attempt', 'pilot_stamp', 'site', 'outcome', 'exit_code')),
    ),
    table(
      ['pilot', 'ce', 'queue', 'reference'],
      pilots.map((row) => text(row, 'stamp', 'ce', 'queue', 'reference')),
    ),
    table(
      ['attempt', 'parameter', 'value'],
      parameters.map((row) => text(row, 'attempt', 'name', 'value').map(oneLine)),
    ),
  ].join('\n\n');
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
