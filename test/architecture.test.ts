import { describe, expect, it } from '@jest/globals';
import { posix } from 'node:path';
import { declarationsOf, importsOf, type ProjectFile, projectFiles, readsEnvironment } from './support/sources.js';

/** Who may import whom: the folders of src. Files directly in src (main.ts) put everything together. */
const mayImport: Record<string, string[]> = {
  contract: [],
  client: ['contract'],
  platform: ['contract'],
  configuration: ['contract', 'platform'],
  auth: ['contract', 'platform', 'configuration'],
  storage: ['contract', 'platform'],
  ce: ['contract', 'platform'],
  wms: ['contract', 'platform', 'configuration', 'auth', 'storage'],
  agents: ['contract', 'platform', 'configuration', 'auth', 'storage', 'wms', 'ce'],
  simulation: ['contract', 'platform', 'configuration', 'auth', 'storage', 'wms', 'ce', 'agents'],
  server: ['contract', 'platform', 'configuration', 'auth', 'storage', 'wms'],
  admin: ['contract', 'client', 'platform', 'configuration', 'auth', 'storage', 'wms', 'ce', 'agents', 'server'],
  pilot: ['contract', 'client'],
  cli: ['contract', 'client'],
};

/** Packages of those folders that travel alone, or into every program. The others may use any package. */
const mayUse: Record<string, (name: string) => boolean> = {
  contract: (name) => name === 'zod',
  client: (name) => name.startsWith('node:') || ['tar', 'zod'].includes(name),
  pilot: (name) => name.startsWith('node:') || ['tar', 'zod'].includes(name),
  cli: (name) => name.startsWith('node:') || ['tar', 'zod', 'commander'].includes(name),
};

/** How many files of a folder may read the environment; the others are told what they need. */
const environmentReaders: Record<string, number> = { platform: 1, pilot: 1, cli: 1 };
const platformReader = 'src/platform/config.ts';

const emptyNames = /(^|[-._/])(utils?|helpers?|managers?|impl|service)([-._/]|$)/i;
const emptySuffixes = /(Utils?|Helpers?|Manager|Impl|Service)$/;
// In pieces, so that this file does not find itself.
const machinePaths = ['work/', 'tmp/bash_jobs', 'opt/trixie-moto'].map((path) => `/${path}`).concat(`..${'/shared'}`);

const sources = projectFiles('src').filter(({ path }) => path.endsWith('.ts'));
const ours = projectFiles('.');
const where = (files: ProjectFile[]): string[] => files.map(({ path }) => path);
const folderOf = (path: string): string => /^src\/([^/]+)\//.exec(path)?.[1] ?? '';

/** The imports of a file that leave its top-level folder, as paths from the project's folder. */
function crossings({ path, text }: ProjectFile): string[] {
  return importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier))
    .filter((target) => folderOf(target) !== folderOf(path));
}

const packagesOf = ({ text }: ProjectFile): string[] => importsOf(text).filter((name) => !name.startsWith('.'));

/** The statements that change the state of jobs: UPDATE with jobs among its tables, and status among its columns. */
function statusUpdates(text: string): string[] {
  const updates = text.matchAll(/\bUPDATE\s([^`]*?)\bSET\b((?:(?!\bWHERE\b)[^`])*)/gi);
  return [...updates]
    .filter(([, tables = '', columns = '']) => /\bjobs\b/i.test(tables) && /\bstatus\s*=/i.test(columns))
    .map(([statement]) => statement);
}

describe('who may import whom', () => {
  it('names every folder of src in the table', () => {
    const folders = new Set(sources.map(({ path }) => folderOf(path)).filter((folder) => folder !== ''));
    expect([...folders].filter((folder) => !(folder in mayImport))).toEqual([]);
  });

  it('is a table without circles: a folder may import only folders above it', () => {
    const names = Object.keys(mayImport);
    const upward = names.filter((name, row) => mayImport[name]?.some((other) => !names.slice(0, row).includes(other)));
    expect(upward).toEqual([]);
  });

  it('lets a folder import only those that stand beside it', () => {
    const violations = sources
      .filter(({ path }) => folderOf(path) !== '')
      .flatMap((file) => crossings(file).map((target) => ({ file, target })))
      .filter(({ file, target }) => !mayImport[folderOf(file.path)]?.includes(folderOf(target)))
      .map(({ file, target }) => `${file.path} imports ${target}`);
    expect(violations).toEqual([]);
  });

  it('lets imports across folders go through index.ts only', () => {
    const violations = sources.flatMap((file) =>
      crossings(file)
        .filter((target) => folderOf(target) !== '' && target !== `src/${folderOf(target)}/index.js`)
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(violations).toEqual([]);
  });

  it('keeps the packages of contract, client, pilot and cli to the few that they may carry', () => {
    const violations = sources.flatMap((file) =>
      packagesOf(file)
        .filter((name) => mayUse[folderOf(file.path)]?.(name) === false)
        .map((name) => `${file.path} imports ${name}`),
    );
    expect(violations).toEqual([]);
  });

  it('sees every way to import', () => {
    const text = `import a from 'a'; import type { B } from "b"; export * from './c.js'; export { d } from '../d.js';
      import 'e'; const f = await import('f'); // import g from 'g'
      type H = import('h').H; const i = "import i from 'i'";`;
    expect(importsOf(text).toSorted()).toEqual(['../d.js', './c.js', 'a', 'b', 'e', 'f', 'h']);
  });
});

describe('the environment', () => {
  it('is read in one file of platform, of pilot and of cli', () => {
    const readers = sources.filter(({ text }) => readsEnvironment(text));
    const tooMany = readers.filter(({ path }) => {
      const inFolder = readers.filter((other) => folderOf(other.path) === folderOf(path));
      return inFolder.length > (environmentReaders[folderOf(path)] ?? 0);
    });
    expect(where(tooMany)).toEqual([]);
    expect(where(readers.filter(({ path }) => folderOf(path) === 'platform'))).toEqual([platformReader]);
  });

  it('is noticed however it is read', () => {
    const ways = ['process.env.A', `process['env']`, 'const { env } = process', `import { env } from 'node:process'`];
    expect(ways.filter((text) => !readsEnvironment(text))).toEqual([]);
    expect(readsEnvironment('// process.env\nprocess.argv; child.env; const { pid } = process')).toBe(false);
  });
});

describe('the state of a job', () => {
  it('has its one writer in src/wms/jobs', () => {
    const writers = sources.filter(({ text }) => statusUpdates(text).length > 0);
    expect(where(writers).filter((path) => !path.startsWith('src/wms/jobs/'))).toEqual([]);
  });

  it('is recognised in a statement that changes it', () => {
    expect(statusUpdates('`UPDATE jobs SET site = ?, status = ? WHERE job_id = ?`')).toHaveLength(1);
    expect(statusUpdates('`UPDATE attempts a JOIN jobs j USING (job_id)\n SET j.status = ?`')).toHaveLength(1);
    expect(statusUpdates(`'UPDATE jobs SET minor_status = ? WHERE status = ?'`)).toEqual([]);
    expect(statusUpdates('`UPDATE pilots SET status = ?` … `SELECT * FROM jobs`')).toEqual([]);
  });
});

describe('files and names', () => {
  it('have at most 300 lines', () => {
    const code = ours.filter(({ path }) => /^(src|test|scripts|bin)\/.*\.(ts|mts|mjs|js|sh)$/.test(path));
    const long = code.filter(({ text }) => text.trimEnd().split('\n').length > 300);
    expect(where(long)).toEqual([]);
  });

  it('say what a thing is, not that it helps or manages', () => {
    const code = [...sources, ...projectFiles('test')];
    expect(where(code).filter((path) => emptyNames.test(path))).toEqual([]);
    const declared = sources.flatMap(({ path, text }) => declarationsOf(text).map((name) => `${path}: ${name}`));
    expect(declared.filter((name) => emptySuffixes.test(name))).toEqual([]);
  });

  it('mention no path of a developer’s machine', () => {
    const mentions = ours.filter(({ text }) => machinePaths.some((path) => text.includes(path)));
    expect(where(mentions)).toEqual([]);
  });
});
