import { type Database, toWire } from '../../platform/index.js';
import type { StorageElement } from '../../storage/index.js';
import { addDeleted, type DeletedJobs, noneDeleted } from '../jobs/delete-jobs.js';
import { databaseNow } from '../jobs/jobs.js';
import { type ArchiveLine, type DescriptionLine, type JobLine, readLines } from './archive-lines.js';
import {
  type ArchiveRow,
  type DueJobs,
  findArchive,
  markDone,
  markVerified,
  openArchive,
  presentMembers,
  unfinishedArchives,
} from './archive-rows.sql.js';
import { purgeDue, purgeMembers } from './purge-jobs.js';
import { readBack, writeArchive } from './write-archive.js';

/** Storage elements by name; throws when there is none of that name. */
interface Elements {
  get(name: string): StorageElement;
}

/** How one run goes about it. */
export interface ArchiveRun {
  signal: AbortSignal;
  /** The name of the storage element of new archives; null: jobs go without an archive. */
  se: string | null;
  /** Most jobs of one object. */
  jobsPerArchive?: number;
  /** Told after each step. */
  onProgress?: (progress: { vo: string; archive: number | null; step: 'archived' | 'deleted'; jobs: number }) => void;
}

const jobsPerArchive = 5_000;

/**
 * Finished jobs, on their way out of the database: written to a storage element, read back, then deleted. Killed at any
 * moment, the next run goes on where this one was. One run at a time: callers hold a lock of the installation.
 */
export class JobArchive {
  constructor(
    private readonly database: Database,
    private readonly elements: Elements,
  ) {}

  /** Archives and deletes the jobs that are due. Ends at once, between two steps, when the signal is aborted. */
  async run(due: DueJobs, run: ArchiveRun): Promise<DeletedJobs> {
    const deleted = noneDeleted();
    for (const archive of await unfinishedArchives(this.database, due.vo)) {
      addDeleted(deleted, await this.finish(archive, run));
    }
    for (;;) {
      run.signal.throwIfAborted();
      const went = run.se === null ? await this.purge(due, run) : await this.next(due, run, run.se);
      if (went === null) return deleted;
      addDeleted(deleted, went);
    }
  }

  /** The archive in which a job that is no longer in the database lies; undefined when there is none. */
  async archiveOf(jobId: number): Promise<ArchiveRow | undefined> {
    const [member] = await this.database.query<{ archive_id: number }>(
      'SELECT archive_id FROM archived_jobs WHERE job_id = ? AND digest IS NOT NULL',
      [jobId],
    );
    return member === undefined ? undefined : findArchive(this.database, member.archive_id);
  }

  /** A job and its description, out of its archive. Throws when the object is damaged or does not hold it. */
  async read(archive: ArchiveRow, jobId: number): Promise<{ description: DescriptionLine; job: JobLine }> {
    let description: DescriptionLine | null = null;
    for await (const line of await this.lines(archive)) {
      if (line.kind === 'description') description = line;
      if (line.kind === 'job' && line.job.job_id === jobId && description !== null) return { description, job: line };
    }
    throw new Error(`The archive ${archive.object_key} in ${archive.se} does not hold job ${jobId}`);
  }

  /** The lines of an archive, from the storage element. */
  async lines(archive: ArchiveRow): Promise<AsyncGenerator<ArchiveLine>> {
    return readLines(await this.elements.get(archive.se).stream(archive.object_key));
  }

  /** Whether the object of an archive is as it was written: what is wrong with it, or null. */
  async check(archive: ArchiveRow): Promise<string | null> {
    const found = await readBack(this.elements.get(archive.se), archive);
    if (found.bytes !== archive.bytes) return `it has ${found.bytes} bytes and not ${archive.bytes}`;
    if (found.sha256 !== archive.sha256) return `its SHA-256 is ${found.sha256} and not ${archive.sha256}`;
    return found.jobs === archive.jobs ? null : `it holds ${found.jobs} jobs and not ${archive.jobs}`;
  }

  private async next(due: DueJobs, run: ArchiveRun, se: string): Promise<DeletedJobs | null> {
    const day = toWire(await databaseNow(this.database)).slice(0, 10);
    const keyOf = (id: number): string => `archive/jobs/${due.vo}/${day}/${String(id).padStart(10, '0')}.ndjson.gz`;
    const archive = await openArchive(this.database, due, { se, limit: run.jobsPerArchive ?? jobsPerArchive, keyOf });
    return archive === null ? null : this.finish(archive, run);
  }

  private async finish(archive: ArchiveRow, run: ArchiveRun): Promise<DeletedJobs> {
    const { archive_id: id, vo } = archive;
    run.signal.throwIfAborted();
    if (archive.state === 'open') {
      const written = await writeArchive(this.database, this.elements.get(archive.se), archive, run.signal);
      await markVerified(this.database, archive, written);
      run.onProgress?.({ vo, archive: id, step: 'archived', jobs: written.digests.size });
    }
    const deleted = await purgeMembers(this.database, id, await presentMembers(this.database, id), run.signal);
    await markDone(this.database, id);
    run.onProgress?.({ vo, archive: id, step: 'deleted', jobs: deleted.jobs });
    return deleted;
  }

  private async purge(due: DueJobs, run: ArchiveRun): Promise<DeletedJobs | null> {
    const deleted = await purgeDue(this.database, due);
    if (deleted.jobs === 0) return null;
    run.onProgress?.({ vo: due.vo, archive: null, step: 'deleted', jobs: deleted.jobs });
    return deleted;
  }
}
