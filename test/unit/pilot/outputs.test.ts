import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { checkSandbox, Connection, packSandbox } from '../../../src/client/index.js';
import type { Transport } from '../../../src/contract/index.js';
import { findOutputs, patternOf, uploadOutputs } from '../../../src/pilot/outputs.js';

let root: string;
let job: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pilotage-outputs-'));
  job = join(root, 'job');
  mkdirSync(join(job, 'result_dir', 'inner'), { recursive: true });
  for (const name of ['std.out', 'std.err', 'summary_123.xml', 'other.xml', 'result_dir/a', 'result_dir/inner/b']) {
    writeFileSync(join(job, name), name);
  }
  writeFileSync(join(root, 'secret'), 'not the payload’s');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const namesOf = async (patterns: string[]): Promise<string[]> =>
  (await findOutputs(job, patterns)).files.map(({ name }) => name).toSorted();

describe('the outputs of a job', () => {
  it('are found by name, pattern and directory; plain names that are not there are missing', async () => {
    const wanted = ['std.out', 'std.err', 'summary*.xml', 'result_dir/', 'test.log', 'test*.sim', 'test_dir'];
    const found = await findOutputs(job, wanted);
    expect(found.files.map(({ name }) => name)).toEqual(['std.out', 'std.err', 'summary_123.xml', 'result_dir']);
    expect(found.missing).toEqual(['test.log', 'test_dir']);
  });

  it('are found in directories by pattern', async () => {
    expect(await namesOf(['result_dir/*'])).toEqual(['result_dir/a', 'result_dir/inner']);
    expect(await namesOf(['*/inner/?'])).toEqual(['result_dir/inner/b']);
    expect(await namesOf(['[os]*.[!o]*'])).toEqual(['other.xml', 'std.err', 'summary_123.xml']);
  });

  it('never come from outside of the directory, whatever links the payload made', async () => {
    symlinkSync('../secret', join(job, 'link'));
    symlinkSync('/etc', join(job, 'etc'));
    symlinkSync('../../secret', join(job, 'result_dir', 'deep'));
    symlinkSync('../..', join(job, 'result_dir', 'up'));
    symlinkSync('absent', join(job, 'result_dir', 'broken'));
    symlinkSync('a', join(job, 'result_dir', 'fine'));
    const found = await findOutputs(job, ['link', 'etc/passwd', '../secret', '/etc/passwd', 'l*', 'result_dir']);
    expect(found.missing).toEqual(['link', 'etc/passwd', '../secret', '/etc/passwd']);
    await packSandbox(found.files, join(root, 'out.tar.gz'), { within: job });
    expect(await checkSandbox(join(root, 'out.tar.gz'))).toEqual([
      'result_dir/',
      'result_dir/a',
      'result_dir/fine',
      'result_dir/inner/',
      'result_dir/inner/b',
    ]);
  });

  it.each([
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['a+(1)', 'a+(1)', true],
    ['[!a]*', 'b', true],
    ['[!a]*', 'a', false],
    ['*', 'a/b', false],
  ])('pattern %s on %s', (glob, name, matches) => {
    expect(patternOf(glob).test(name)).toBe(matches);
  });

  it.each([
    ['*.a*.b', 'x.a.a.b', true],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'xabab', true],
    ['a**b', 'ab', true],
    ['[*]*', '*x', true],
    ['[*]*', 'x', false],
    [`${'*a'.repeat(12)}*1?`, `${'a'.repeat(12)}12`, true],
  ])('several stars: %s on %s', (glob, name, matches) => {
    expect(patternOf(glob).test(name)).toBe(matches);
  });

  it('take no time to speak of, whatever pattern and name a job brings', () => {
    const started = performance.now();
    expect(patternOf(`${'*a'.repeat(8)}*b`).test('a'.repeat(250))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('outputs while operators have closed the storage element', () => {
  it('are kept until it is open, and then brought home', async () => {
    const answers = [
      { status: 503, body: { code: 'storage-closed', detail: 'SandboxSE is Banned for write: full' } },
      { status: 503, body: { code: 'storage-closed', detail: 'SandboxSE is Banned for write: full' } },
      { status: 200, body: { pfn: 'SB:SandboxSE|/S3/x', url: null, fields: {} } },
      { status: 204, body: '' },
    ];
    const asked: string[] = [];
    const transport: Transport = async ({ method, path, body }) => {
      asked.push(`${method} ${path} ${body}`);
      const answer = answers[asked.length - 1] ?? { status: 500, body: {} };
      return { status: answer.status, headers: {}, body: answer.body === '' ? '' : JSON.stringify(answer.body) };
    };
    const connection = new Connection({ baseUrl: 'http://127.0.0.1:1', userAgent: 'test' });
    const found = await findOutputs(job, ['std.out']);
    const { signal } = new AbortController();
    const info = await uploadOutputs(found, { connection, transport, transfer: root, job, signal });
    connection.close();
    expect(info?.size).toBeGreaterThan(0);
    expect(asked.map((call) => call.split(' ')[1])).toEqual([
      ...Array.from({ length: 3 }, () => '/api/attempts/self/outputs'),
      '/api/attempts/self/outputs/assign',
    ]);
    expect(asked.at(-1)).toContain('SB:SandboxSE|/S3/x');
  });
});
