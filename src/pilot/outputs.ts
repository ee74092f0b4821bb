import { isClosed, whileClosed } from './closed-storage.js';
import { realpathSync, statSync, type Stats } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import {
  type Connection,
  freshSignatureMayHelp,
  packSandbox,
  persist,
  sandboxLimits,
  type SandboxFile,
  Unreachable,
  uploadForm,
} from '../client/index.js';
import {
  call,
  CallRefused,
  execution,
  type FailureClass,
  type SandboxInfo,
  type SandboxUpload,
  type Transport,
} from '../contract/index.js';

/** Bytes that a packed output sandbox may have. */
export const outputLimit = 100 * 1024 ** 2;
/** Seconds of trying to upload. A store that takes a connection and never answers costs ten minutes of it. */
const patienceSeconds = 1200;

/** The outputs that were found, and the names that were asked for and are not there. */
export interface Found {
  files: SandboxFile[];
  missing: string[];
  /** Bytes before packing; directories do not count. */
  bytes: number;
}

/** The outputs are more than a sandbox may hold. */
export class OutputsTooLarge extends Error {}

/** The regular expression of a shell pattern for whole relative paths: `*` and `?` stay within one name. */
export function patternOf(glob: string): RegExp {
  // A star inside of brackets is one of a set.
  const marked = glob.replace(/(\[!?[^\]/]+\])|\*+/g, (_, set?: string) => set ?? '\0');
  const [first = '', ...others] = marked.split('\0').map(sourceOf);
  const last = others.pop();
  if (last === undefined) return new RegExp(`^${first}$`);
  // A lookahead is never entered again, so a pattern full of stars takes no longer than others.
  const middle = others.map((source, index) => `(?=([^/]*?${source}))\\${index + 1}`).join('');
  return new RegExp(`^${first}${middle}[^/]*${last}$`);
}

/** The regular expression of a shell pattern without `*`. */
function sourceOf(glob: string): string {
  return glob.replace(/\[(!?)([^\]/]+)\]|[?]|[\\^$.|+(){}[\]]/g, (part, not?: string, set?: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replaceAll('\\', '\\\\')}]`;
    return part === '?' ? '[^/]' : `\\${part}`;
  });
}

/**
 * Finds outputs in a job's directory. Patterns without a hit are silent, plain names are missing. Directories come with
 * all that they hold. Links that lead out of the directory count as missing: the payload may have made them to get hold
 * of files that are not its own.
 */
export async function findOutputs(job: string, patterns: readonly string[]): Promise<Found> {
  const root = realpathSync(job);
  const found: Found = { files: [], missing: [], bytes: 0 };
  const names = new Set<string>();
  for (const pattern of new Set(patterns.map((text) => posix.normalize(text).replace(/\/$/, '')))) {
    if (/[*?[]/.test(pattern)) for (const name of await matches(root, pattern)) names.add(name);
    else if (inside(root, pattern) === undefined) found.missing.push(pattern);
    else names.add(pattern);
  }
  for (const name of names) {
    const stats = inside(root, name);
    if (stats === undefined) continue;
    found.files.push({ name, path: join(root, name) });
    found.bytes += stats.isFile() ? stats.size : 0;
  }
  return found;
}

async function matches(root: string, pattern: string): Promise<string[]> {
  let candidates = [''];
  for (const part of pattern.split('/')) {
    const expression = patternOf(part);
    const below = await Promise.all(
      candidates
        .filter((folder) => inside(root, folder)?.isDirectory() === true)
        .map(async (folder) => (await readdir(join(root, folder))).map((name) => posix.join(folder, name))),
    );
    candidates = below.flat().filter((path) => expression.test(posix.basename(path)));
  }
  return candidates.filter((path) => inside(root, path) !== undefined).toSorted();
}

function inside(root: string, name: string): Stats | undefined {
  if (posix.isAbsolute(name) || name === '..' || name.startsWith('../')) return undefined;
  try {
    const real = realpathSync(join(root, name));
    if (real !== root && !real.startsWith(root + sep)) return undefined;
    const stats = statSync(real);
    return stats.isFile() || stats.isDirectory() ? stats : undefined;
  } catch {
    // Not there, a broken link or a ring of links.
    return undefined;
  }
}

/** How to upload the outputs of one attempt. */
export interface OutputOrder {
  connection: Connection;
  transport: Transport;
  transfer: string;
  job: string;
  signal: AbortSignal;
}

/** Packs the outputs, uploads them and attaches them to the job. Tries for twenty minutes; throws {@link OutputsTooLarge}. */
export async function uploadOutputs(found: Found, order: OutputOrder): Promise<SandboxInfo | undefined> {
  if (found.files.length === 0) return undefined;
  if (found.bytes > 20 * outputLimit) throw tooLarge(found.bytes);
  const archive = join(order.transfer, 'output.tar.gz');
  const info = await packSandbox(found.files, archive, {
    within: order.job,
    limits: { entries: sandboxLimits.entries, bytes: 20 * outputLimit },
  });
  if (info.size > outputLimit) throw tooLarge(info.size);
  const { connection, transport, signal } = order;
  const announce = async (): Promise<SandboxUpload> => {
    const { reply } = await whileClosed(() => call(transport, execution.outputs, { body: info }, { signal }), signal);
    return reply;
  };
  // A storage element that was closed for hours leaves the whole patience for the upload.
  let announced: SandboxUpload | undefined = await announce();
  const pfn = await persist(
    async () => {
      const reply = announced ?? (await announce());
      announced = undefined;
      await uploadForm(connection, reply, archive, { signal });
      return reply.pfn;
    },
    { deadlineSeconds: patienceSeconds, longestPauseSeconds: 10, signal },
    freshSignatureMayHelp,
  );
  await call(transport, execution.assignOutputs, { body: { pfn } }, { signal });
  await rm(archive, { force: true });
  return info;
}

function tooLarge(bytes: number): OutputsTooLarge {
  return new OutputsTooLarge(
    `the outputs have ${Math.ceil(bytes / 1e6)} MB, the limit is ${Math.floor(outputLimit / 1e6)} MB`,
  );
}

/** Who must act when outputs could not be brought home: too much of them is the payload's own doing. */
export function outputFailure(error: unknown): FailureClass {
  if (error instanceof Unreachable || isClosed(error)) return 'infrastructure';
  const refusedSize = error instanceof CallRefused && error.code === 'sandbox-too-large';
  return error instanceof OutputsTooLarge || refusedSize ? 'limit' : 'output';
}
