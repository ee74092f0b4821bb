import { UnsafeArchive } from './unsafe-archive.js';

/** What an archive entry says of itself. */
export interface ArchiveEntry {
  path: string;
  type: string;
  size: number;
  linkpath?: string | undefined;
}

/** Largest number of entries, and of bytes after unpacking. */
export interface ArchiveLimits {
  entries: number;
  bytes: number;
}

const files = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * The rules for what may be unpacked. Every entry is shown to `admit` before anything is written, then `complete` is
 * called; both throw {@link UnsafeArchive}. The rules are about names alone, so they hold whatever the disk looks like:
 * no absolute names, no `..`, no devices or pipes, no name twice, links only to places inside, nothing below a link.
 */
export class ArchiveRules {
  private readonly kinds = new Map<string, 'file' | 'directory' | 'symlink'>();
  private count = 0;
  private bytes = 0;

  constructor(private readonly limits: ArchiveLimits) {}

  admit(entry: ArchiveEntry): void {
    const refuse = (reason: string): never => {
      throw new UnsafeArchive(entry.path, reason);
    };
    this.count += 1;
    this.bytes += entry.size;
    if (this.count > this.limits.entries) refuse(`is one too many: the limit is ${this.limits.entries}`);
    if (this.bytes > this.limits.bytes) refuse(`makes it larger than ${this.limits.bytes} bytes`);
    const parts = partsOf(entry.path) ?? refuse('has a name that leaves the folder');
    const name = parts.join('/');
    if (entry.type === 'Directory') {
      if ((this.kinds.get(name) ?? 'directory') !== 'directory') refuse('appears twice, as different things');
      if (name !== '') this.kinds.set(name, 'directory');
      return;
    }
    if (name === '') refuse('has no name');
    if (this.kinds.has(name)) refuse('appears twice');
    if (files.has(entry.type)) this.kinds.set(name, 'file');
    else if (entry.type === 'SymbolicLink') this.admitSymlink(parts, entry.linkpath ?? '', refuse);
    else if (entry.type === 'Link') this.admitHardLink(name, entry.linkpath ?? '', refuse);
    else refuse(`is of the kind ${entry.type}, which a sandbox may not hold`);
  }

  complete(): void {
    if (this.count === 0) throw new UnsafeArchive('', 'it is empty or no tar archive');
    for (const name of this.kinds.keys()) {
      const parts = name.split('/');
      for (let depth = 1; depth < parts.length; depth += 1) {
        const above = this.kinds.get(parts.slice(0, depth).join('/'));
        if (above !== undefined && above !== 'directory') throw new UnsafeArchive(name, `lies below a ${above}`);
      }
    }
  }

  /** `..` may only lead: after it, or after a name, the path could run through another link and count wrongly. */
  private admitSymlink(parts: string[], target: string, refuse: (reason: string) => never): void {
    const steps = target.split('/').filter((step) => step !== '' && step !== '.');
    const up = steps.findIndex((step) => step !== '..');
    const climbs = up === -1 ? steps.length : up;
    if (target === '' || target.startsWith('/') || target.includes('\0'))
      refuse(`links to "${target}", outside the folder`);
    if (climbs > parts.length - 1 || steps.slice(climbs).includes('..'))
      refuse(`links to "${target}", outside the folder`);
    this.kinds.set(parts.join('/'), 'symlink');
  }

  private admitHardLink(name: string, target: string, refuse: (reason: string) => never): void {
    const linked = partsOf(target)?.join('/');
    if (linked === undefined || this.kinds.get(linked) !== 'file') refuse(`links to "${target}", not a file before it`);
    this.kinds.set(name, 'file');
  }
}

/** The parts of a relative path, without `.`; undefined when it is absolute, climbs, or holds a NUL. */
function partsOf(path: string): string[] | undefined {
  if (path.startsWith('/') || path.includes('\0')) return undefined;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.includes('..') ? undefined : parts;
}
