import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { lstat, readdir, realpath, rm, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Header, Pax } from 'tar';
import type { SandboxInfo } from '../contract/index.js';
import type { ArchiveLimits } from './archive-rules.js';

/** A file or directory for a sandbox: its name inside (relative, `/`), and where it lies on this machine. */
export interface SandboxFile {
  name: string;
  path: string;
}

interface Member extends SandboxFile {
  stats: Stats;
}

/**
 * Packs files, and directories with all they hold, into a tar.gz at `target`. The same content gives the same bytes:
 * members are sorted, times and owners are zero. Links are followed; sockets, devices and pipes are left out, and so is
 * what a link leads to outside of `within`. Throws before it reads any content when there is more than the limits allow.
 */
export async function packSandbox(
  files: readonly SandboxFile[],
  target: string,
  options: { within?: string; limits?: ArchiveLimits } = {},
): Promise<SandboxInfo> {
  const fence = options.within === undefined ? undefined : await realpath(options.within);
  const members = new Members(options.limits);
  for (const file of files) await collect(file, fence, members);
  const sorted = [...members.byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const hash = createHash('sha256');
  let size = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      Readable.from(tarBytes(sorted)),
      createGzip({ level: 6 }),
      measure,
      createWriteStream(target, { mode: 0o600 }),
    );
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  return { checksum_algorithm: 'sha256', checksum: hash.digest('hex'), size, format: 'tar.gz' };
}

/** What goes into an archive, counted while it is found: a payload may have made files without end. */
class Members {
  readonly byName = new Map<string, Member>();
  private bytes = 0;

  constructor(private readonly limits: ArchiveLimits | undefined) {}

  push(member: Member): void {
    if (this.byName.has(member.name)) return;
    this.byName.set(member.name, member);
    if (member.stats.isFile()) this.bytes += member.stats.size;
    const { entries = Infinity, bytes = Infinity } = this.limits ?? {};
    if (this.byName.size > entries) throw new Error(`there are more than ${entries} files and directories to pack`);
    if (this.bytes > bytes) throw new Error(`there are more than ${bytes} bytes to pack`);
  }
}

async function collect(file: SandboxFile, fence: string | undefined, members: Members): Promise<void> {
  const real = await realpath(file.path);
  if (fence !== undefined && real !== fence && !real.startsWith(fence + sep)) return;
  const stats = await stat(real);
  if (stats.isFile()) members.push({ ...file, stats });
  if (!stats.isDirectory()) return;
  if (file.name.split('/').length > 100) throw new Error(`${file.path} lies too deep, perhaps in a ring of links`);
  members.push({ name: `${file.name}/`, path: file.path, stats });
  for (const name of await readdir(real)) {
    const below = { name: `${file.name}/${name}`, path: join(file.path, name) };
    if ((await lstat(below.path)).isSymbolicLink() && !(await exists(below.path))) continue;
    await collect(below, fence, members);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function* tarBytes(members: readonly Member[]): AsyncGenerator<Buffer> {
  for (const member of members) {
    const isFile = member.stats.isFile();
    const size = isFile ? member.stats.size : 0;
    yield* headerOf(member, size);
    if (isFile) yield* content(member, size);
    const rest = size % 512;
    if (rest > 0) yield Buffer.alloc(512 - rest);
  }
  yield Buffer.alloc(1024);
}

function* headerOf(member: Member, size: number): Generator<Buffer> {
  const isFile = member.stats.isFile();
  const executable = !isFile || (member.stats.mode & 0o100) !== 0;
  const header = new Header({
    path: member.name,
    mode: executable ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: new Date(0),
    type: isFile ? 'File' : 'Directory',
  });
  const block = Buffer.alloc(512);
  if (header.encode(block)) yield new Pax({ path: member.name, size }).encode();
  yield block;
}

async function* content(member: Member, size: number): AsyncGenerator<Buffer> {
  if (size === 0) return;
  let read = 0;
  for await (const chunk of createReadStream(member.path, { end: size - 1 })) {
    read += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (read !== size) throw new Error(`${member.path} changed while it was packed`);
}
