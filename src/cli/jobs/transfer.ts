import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { downloadFile, persist, sandboxLimits, transferMayHelp, unpackSandbox } from '../../client/index.js';
import { sandboxes } from '../../contract/index.js';
import { CommandFailure, exitCodes, failureLines, tell } from '../failure.js';
import { Progress } from '../output/progress.js';
import type { Session } from '../session.js';

/** Whose sandboxes to fetch, and where to. */
export interface Fetching {
  program: string;
  kind: 'input' | 'output';
  ids: readonly number[];
  /** The folder that holds one folder per job. */
  into: string;
  /** Unpack everything right into the folder. */
  flat?: boolean;
}

type Fetched = 'fetched' | 'present' | 'empty';

/** Fetches the sandboxes of jobs into a folder each. Folders that exist are left alone. Gives the exit code. */
export async function fetchSandboxes(session: Session, fetching: Fetching): Promise<number> {
  const progress = new Progress(session.io, 'fetching', 'jobs');
  let code: number = exitCodes.done;
  for (const [index, id] of fetching.ids.entries()) {
    if (fetching.ids.length > 1) progress.update(index, fetching.ids.length);
    const folder = fetching.flat === true ? fetching.into : join(fetching.into, folderOf(fetching.kind, id));
    try {
      const fetched = await fetchJob(session, { ...fetching, id, folder });
      progress.end();
      session.io.out(`${sentences[fetched](id, folder, fetching.kind)}\n`);
      if (fetched === 'empty') code = exitCodes.someJobsFailed;
    } catch (error) {
      progress.end();
      const told = tell(error);
      if (session.io.signal.aborted || told.exitCode === exitCodes.noAccess) throw error;
      session.io.error(failureLines(fetching.program, { ...told, what: `job ${id}: ${told.what}` }));
      code = exitCodes.someJobsFailed;
    }
  }
  return code;
}

const sentences: Record<Fetched, (id: number, folder: string, kind: string) => string> = {
  fetched: (id, folder, kind) => `job ${id}: ${kind} sandbox in ${folder}`,
  present: (id, folder) => `job ${id}: already retrieved, ${folder} exists`,
  empty: (id, _, kind) => `job ${id}: there is no ${kind} sandbox`,
};

function folderOf(kind: Fetching['kind'], id: number): string {
  return kind === 'output' ? String(id) : `InputSandbox${id}`;
}

async function fetchJob(session: Session, job: Fetching & { id: number; folder: string }): Promise<Fetched> {
  if (job.flat !== true && existsSync(job.folder)) return 'present';
  const pfns = await session.call(sandboxes.ofJobByKind, { params: { id: job.id, kind: job.kind } });
  const stored = pfns.filter((pfn) => pfn !== null);
  if (stored.length === 0) return 'empty';
  const target = job.flat === true ? job.folder : dirname(job.folder);
  await mkdir(target, { recursive: true });
  // A folder appears under its name only when it is complete.
  const work = await mkdtemp(join(target, `.${basename(job.folder)}-`));
  try {
    const unpacked = job.flat === true ? job.folder : join(work, 'files');
    await mkdir(unpacked, { recursive: true });
    for (const [index, pfn] of stored.entries())
      await fetchOne(session, pfn, { archive: join(work, String(index)), unpacked });
    if (job.flat !== true) await place(unpacked, job.folder);
    return 'fetched';
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function place(unpacked: string, folder: string): Promise<void> {
  try {
    await rename(unpacked, folder);
  } catch (cause) {
    throw new CommandFailure(`${folder} appeared meanwhile`, 'fetch into another folder', { cause });
  }
}

async function fetchOne(session: Session, pfn: string, to: { archive: string; unpacked: string }): Promise<void> {
  const { signal } = session.io;
  const { url } = await session.call(sandboxes.download, { query: { pfn } });
  const patience = { deadlineSeconds: session.settings.retrySeconds, signal };
  const { sha256 } = await persist(
    () => downloadFile(session.connection, { url, limit: sandboxLimits.bytes }, to.archive, { signal }),
    patience,
    transferMayHelp,
  );
  // Not every store compares an upload with what was announced.
  const promised = /sha256:([0-9a-f]{64})/.exec(pfn)?.[1];
  if (promised !== undefined && promised !== sha256) {
    throw new CommandFailure(`${pfn} holds other bytes than its name says`, 'do not use it; tell the administrators');
  }
  await unpackSandbox(to.archive, to.unpacked);
  await rm(to.archive);
}
