import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { packSandbox, persist, transferMayHelp, uploadForm, type SandboxFile } from '../../client/index.js';
import { expandParametric, sandboxes, substitute, type JobDescription, type Problem } from '../../contract/index.js';
import { Progress } from '../output/progress.js';
import type { Session } from '../session.js';
import { refuseProblems, type LocalDescription } from './descriptions.js';

/** A description and the local files of its input sandbox. */
interface WithFiles {
  description: LocalDescription;
  files: SandboxFile[];
}

/** Whether an item of an input sandbox lies on this machine. */
export function isLocal(item: string): boolean {
  return !/^(?:SB|LFN):/i.test(item);
}

/**
 * The local files of each description: looked for beside the description, then in the current folder. A parametric
 * description brings the files of all its children. Files that are missing, or have one name, are all told at once.
 */
export function findLocalFiles(folder: string, descriptions: readonly LocalDescription[]): WithFiles[] {
  const problems: Problem[] = [];
  const found = descriptions.map((description) => {
    const files = new Map<string, SandboxFile>();
    for (const item of localItems(description.checked)) {
      const places = [resolve(description.folder, item), resolve(folder, item)];
      const path = places.find((place) => existsSync(place));
      const name = basename(item);
      const other = files.get(name);
      if (path === undefined) {
        problems.push({ path: description.source, message: `there is no file ${item} for the input sandbox` });
      } else if (other !== undefined && other.path !== path) {
        problems.push({
          path: description.source,
          message: `${other.path} and ${path} have one name in the input sandbox`,
        });
      } else files.set(name, { name, path });
    }
    return { description, files: [...files.values()] };
  });
  refuseProblems(problems);
  return found;
}

function localItems(description: JobDescription): string[] {
  if (!description.input_sandbox.some(isLocal)) return [];
  if (description.parametric === undefined) return description.input_sandbox.filter(isLocal);
  const children = expandParametric(description).map((expansion) => substitute(description, expansion, null));
  return [...new Set(children.flatMap((child) => child.input_sandbox))].filter(isLocal);
}

/**
 * Uploads the local files, one sandbox for each different set of files, and gives the descriptions with the sandboxes
 * in place of the files. Bytes that the server has already are not sent again.
 */
export async function uploadLocalFiles(session: Session, found: readonly WithFiles[]): Promise<LocalDescription[]> {
  const sets = new Map<string, SandboxFile[]>();
  for (const { files } of found) if (files.length > 0) sets.set(keyOf(files), files);
  const pfns = new Map<string, string>();
  const progress = new Progress(session.io, 'uploading', 'sandboxes');
  try {
    for (const [key, files] of sets) {
      progress.update(pfns.size, sets.size);
      pfns.set(key, await uploadSandbox(session, files));
    }
  } finally {
    progress.end();
  }
  return found.map(({ description, files }) => {
    const pfn = pfns.get(keyOf(files));
    if (pfn === undefined) return description;
    const kept = (description.input.input_sandbox ?? []).filter((item) => !isLocal(item));
    return { ...description, input: { ...description.input, input_sandbox: [...kept, pfn] } };
  });
}

function keyOf(files: readonly SandboxFile[]): string {
  return JSON.stringify(files.map(({ name, path }) => [name, path]).toSorted());
}

async function uploadSandbox(session: Session, files: readonly SandboxFile[]): Promise<string> {
  const { signal } = session.io;
  const folder = await mkdtemp(join(tmpdir(), 'pilotage-upload-'));
  try {
    const archive = join(folder, 'sandbox.tar.gz');
    const info = await packSandbox(files, archive);
    const upload = await session.persist(sandboxes.initiate, { body: info });
    const patience = { deadlineSeconds: session.settings.retrySeconds, signal };
    await persist(() => uploadForm(session.connection, upload, archive, { signal }), patience, transferMayHelp);
    return upload.pfn;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
