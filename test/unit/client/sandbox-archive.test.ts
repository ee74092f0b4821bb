import { execFileSync } from 'node:child_process';
import {
  truncateSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Header } from 'tar';
import { packSandbox, UnsafeArchive, unpackSandbox } from '../../../src/client/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pilotage-archive-'));
  mkdirSync(join(folder, 'out'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const out = (name = ''): string => join(folder, 'out', name);

interface Raw {
  path: string;
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  linkpath?: string;
  mode?: number;
  text?: string;
  size?: number;
}

/** A tar file with exactly these headers, however bad. */
function rawTar(entries: Raw[]): string {
  const blocks = entries.flatMap(({ text = '', mode = 0o644, type = 'File', ...entry }) => {
    const block = Buffer.alloc(512);
    new Header({ size: text.length, mode, type, mtime: new Date(0), ...entry }).encode(block);
    return [block, Buffer.from(text.padEnd(Math.ceil(text.length / 512) * 512, '\0'))];
  });
  writeFileSync(at('raw.tar'), Buffer.concat([...blocks, Buffer.alloc(1024)]));
  return at('raw.tar');
}

describe('packing a sandbox', () => {
  it('gives the same bytes for the same content, whatever the order and the times', async () => {
    mkdirSync(at('dir'));
    writeFileSync(at('dir/b'), 'two');
    writeFileSync(at('a'), 'one');
    const first = await packSandbox(
      [
        { name: 'a', path: at('a') },
        { name: 'dir', path: at('dir') },
      ],
      at('1.tar.gz'),
    );
    utimesSync(at('a'), 1, 1);
    const second = await packSandbox(
      [
        { name: 'dir', path: at('dir') },
        { name: 'a', path: at('a') },
      ],
      at('2.tar.gz'),
    );
    expect(second).toEqual(first);
    expect(readFileSync(at('1.tar.gz')).equals(readFileSync(at('2.tar.gz')))).toBe(true);
    expect(statSync(at('1.tar.gz')).size).toBe(first.size);
  });

  it('stops when there is more than the limits allow, before it reads a byte', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pilotage-large-'));
    try {
      mkdirSync(join(folder, 'many'));
      for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, 'many', name), 'x');
      truncateSync(join(folder, 'many', 'c'), 2 ** 40);
      const pack = (limits: { entries: number; bytes: number }) =>
        packSandbox([{ name: 'many', path: join(folder, 'many') }], join(folder, 'packed'), { limits });
      await expect(pack({ entries: 3, bytes: Infinity })).rejects.toThrow('more than 3 files');
      await expect(pack({ entries: 10, bytes: 2 ** 30 })).rejects.toThrow('more than 1073741824 bytes');
      expect(existsSync(join(folder, 'packed'))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('comes back byte for byte, with long names, directories and the executable bit', async () => {
    const long = `${'x'.repeat(120)}/${'y'.repeat(120)}.dat`;
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7919) % 256));
    mkdirSync(at('x'.repeat(120)));
    writeFileSync(at(long), bytes);
    writeFileSync(at('run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    writeFileSync(at('empty'), '');
    await packSandbox(
      ['run.sh', 'empty', 'x'.repeat(120)].map((name) => ({ name, path: at(name) })),
      at('s.tar.gz'),
    );
    await unpackSandbox(at('s.tar.gz'), out());
    expect(readFileSync(out(long)).equals(bytes)).toBe(true);
    expect(statSync(out('run.sh')).mode & 0o777).toBe(0o755);
    expect(readFileSync(out('empty'), 'utf8')).toBe('');
    expect(execFileSync('tar', ['tzf', at('s.tar.gz')], { encoding: 'utf8' }).split('\n')[0]).toBe('empty');
  });
});

describe('unpacking a sandbox', () => {
  const refused: [string, Raw[], string][] = [
    ['an absolute name', [{ path: '/etc/cron.d/evil', text: 'x' }], '/etc/cron.d/evil'],
    ['a name with ..', [{ path: 'a/../../evil', text: 'x' }], 'a/../../evil'],
    ['a symlink to an absolute place', [{ path: 'l', type: 'SymbolicLink', linkpath: '/etc/passwd' }], 'l'],
    ['a symlink that climbs out', [{ path: 'd/l', type: 'SymbolicLink', linkpath: '../../x' }], 'd/l'],
    ['a symlink that goes down and up', [{ path: 'l', type: 'SymbolicLink', linkpath: 'd/..' }], 'l'],
    [
      'a file below a symlink',
      [
        { path: 'd', type: 'SymbolicLink', linkpath: 'e' },
        { path: 'd/f', text: 'x' },
      ],
      'd/f',
    ],
    [
      'a file below a symlink that comes later',
      [
        { path: 'd/f', text: 'x' },
        { path: 'd', type: 'SymbolicLink', linkpath: 'e' },
      ],
      'd/f',
    ],
    ['a hard link to a place outside', [{ path: 'h', type: 'Link', linkpath: '../../etc/passwd' }], 'h'],
    ['a hard link to a file that is not in the archive', [{ path: 'h', type: 'Link', linkpath: 'other' }], 'h'],
    ['a device', [{ path: 'null', type: 'CharacterDevice' }], 'null'],
    ['a pipe', [{ path: 'pipe', type: 'FIFO' }], 'pipe'],
    [
      'the same file twice',
      [
        { path: 'a', text: 'x' },
        { path: './a', text: 'y' },
      ],
      './a',
    ],
  ];
  it.each(refused)('refuses %s and writes nothing', async (_, entries, offender) => {
    const file = rawTar([{ path: 'good', text: 'good' }, ...entries]);
    const error = await unpackSandbox(file, out()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UnsafeArchive);
    expect((error as UnsafeArchive).entry).toBe(offender);
    expect(readdirSync(out())).toEqual([]);
  });

  it('accepts links to places inside', async () => {
    const file = rawTar([
      { path: 'd/', type: 'Directory', mode: 0o755 },
      { path: 'd/f', text: 'hello' },
      { path: 'd/up', type: 'SymbolicLink', linkpath: '../g' },
      { path: 'g', type: 'Link', linkpath: 'd/f' },
    ]);
    await unpackSandbox(file, out());
    expect(readFileSync(out('d/up'), 'utf8')).toBe('hello');
  });

  it('drops the set-uid and set-gid bits', async () => {
    await unpackSandbox(rawTar([{ path: 'su', mode: 0o6755, text: 'x' }]), out());
    expect(statSync(out('su')).mode & 0o7000).toBe(0);
  });

  it('does not write through a link that lies in the folder already', async () => {
    mkdirSync(at('elsewhere'));
    symlinkSync(at('elsewhere'), out('d'));
    await expect(unpackSandbox(rawTar([{ path: 'd/f', text: 'x' }]), out())).rejects.toThrow('symbolic link');
    expect(existsSync(at('elsewhere/f'))).toBe(false);
  });

  it('refuses too many entries, too many bytes, and a bomb', async () => {
    const many = rawTar(Array.from({ length: 5 }, (_, index) => ({ path: `f${index}`, text: 'x' })));
    await expect(unpackSandbox(many, out(), { entries: 4, bytes: 100 })).rejects.toThrow('f4');
    await expect(unpackSandbox(many, out(), { entries: 9, bytes: 4 })).rejects.toThrow('larger than 4 bytes');
    writeFileSync(at('bomb'), Buffer.alloc(64 * 1024 ** 2));
    execFileSync('gzip', ['-k', at('bomb')]);
    await expect(unpackSandbox(at('bomb.gz'), out(), { entries: 10, bytes: 1000 })).rejects.toThrow(UnsafeArchive);
    expect(readdirSync(out())).toEqual([]);
  });

  it('refuses what is broken, cut short or no archive', async () => {
    writeFileSync(at('text'), 'this is no archive, just a line of text');
    await expect(unpackSandbox(at('text'), out())).rejects.toThrow(UnsafeArchive);
    writeFileSync(at('empty'), '');
    await expect(unpackSandbox(at('empty'), out())).rejects.toThrow(UnsafeArchive);
    writeFileSync(at('f'), 'y'.repeat(100_000));
    await packSandbox([{ name: 'f', path: at('f') }], at('f.tar.gz'));
    writeFileSync(at('cut.tar.gz'), readFileSync(at('f.tar.gz')).subarray(0, 60));
    await expect(unpackSandbox(at('cut.tar.gz'), out())).rejects.toThrow(UnsafeArchive);
    expect(readdirSync(out())).toEqual([]);
  });

  it.each([
    ['bzip2', 'j'],
    ['zstd', '-zstd'],
  ])('reads archives compressed with %s', async (_, flag) => {
    writeFileSync(at('f'), 'compressed content');
    execFileSync('tar', [
      `-${flag === 'j' ? 'cjf' : '-zstd'}`,
      ...(flag === 'j' ? [] : ['-cf']),
      at('s.tar'),
      '-C',
      folder,
      'f',
    ]);
    await unpackSandbox(at('s.tar'), out());
    expect(readFileSync(out('f'), 'utf8')).toBe('compressed content');
  });
});
