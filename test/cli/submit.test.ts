import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { unpackSandbox } from '../../src/client/index.js';
import { jobs, sandboxes } from '../../src/contract/index.js';
import { readFile, writeFile } from 'node:fs/promises';
import { FakeJobs } from './fake-jobs.js';
import { FakeServer } from './fake-server.js';
import { Terminal } from './terminal.js';

let fake: FakeServer;
let board: FakeJobs;
let terminal: Terminal;

beforeEach(async () => {
  fake = await FakeServer.start();
  board = new FakeJobs(fake);
  terminal = await Terminal.open(fake.url);
});
afterEach(async () => {
  await fake.stop();
  await terminal.close();
});

async function unpacked(pfn: string | undefined): Promise<string> {
  const archive = join(terminal.folder, 'fetched.tar.gz');
  await writeFile(archive, board.objects.get(pfn ?? '') ?? '');
  const folder = join(terminal.folder, 'fetched');
  await mkdir(folder);
  await unpackSandbox(archive, folder);
  return folder;
}

describe('pilotage job submit', () => {
  it('submits a JDL and prints the job ids', async () => {
    await terminal.file('hello.jdl', '[ Executable = "/bin/echo"; Arguments = "hello; world"; Parameters = 3; ]');
    const ran = await terminal.run('pilotage job submit hello.jdl');
    expect(ran).toEqual({ code: 0, out: '1001,1002,1003\n', error: '' });
    expect(board.descriptions[0]).toMatchObject({ executable: '/bin/echo', arguments: 'hello; world' });
  });

  it('submits many JSON descriptions and JDL in one call, with an idempotency key', async () => {
    await terminal.file('many.json', JSON.stringify([{ executable: 'a' }, { executable: 'b' }]));
    await terminal.file('one.jdl', 'Executable = c');
    const ran = await terminal.run('pilotage job submit many.json one.jdl --json --idempotency-key k1');
    expect((JSON.parse(ran.out) as unknown[]).length).toBe(3);
    expect(fake.got(jobs.submit)).toHaveLength(1);
    expect(fake.got(jobs.submit)[0]?.headers['idempotency-key']).toBe('k1');
    expect(board.descriptions.map((each) => each.executable)).toEqual(['a', 'b', 'c']);
  });

  it('reads a description from standard input', async () => {
    terminal.stdin = '{"jobs": [{"executable": "x"}]}';
    expect(await terminal.run('pilotage job submit -')).toMatchObject({ code: 0, out: '1001\n' });
  });

  it('uploads the local files of the input sandbox and names the sandbox instead', async () => {
    await terminal.file('run.sh', '#!/bin/sh\necho hi\n');
    await mkdir(join(terminal.folder, 'data'));
    await terminal.file('data/a.txt', 'A');
    await terminal.file('job.jdl', 'Executable = "run.sh"; InputSandbox = {"run.sh", "data", "LFN:/demo/x"};');
    expect(await terminal.run('pilotage job submit job.jdl')).toMatchObject({ code: 0, error: '' });
    const [lfn, pfn] = board.descriptions[0]?.input_sandbox ?? [];
    expect(lfn).toBe('LFN:/demo/x');
    const folder = await unpacked(pfn);
    expect(await readFile(join(folder, 'run.sh'), 'utf8')).toBe('#!/bin/sh\necho hi\n');
    expect(await readFile(join(folder, 'data', 'a.txt'), 'utf8')).toBe('A');
  });

  it('uploads one sandbox for equal files, none that the server has, and the files of all children', async () => {
    for (const name of ['a1', 'a2']) await terminal.file(name, name);
    const jdl = 'Executable = x; Parameters = {"1", "2"}; InputSandbox = "a%s";';
    await terminal.file('one.jdl', jdl);
    await terminal.file('two.jdl', jdl);
    await terminal.run('pilotage job submit one.jdl two.jdl');
    expect(fake.got(sandboxes.initiate)).toHaveLength(1);
    await terminal.run('pilotage job submit one.jdl');
    expect(board.objects.size).toBe(1);
    const folder = await unpacked(board.descriptions.at(-1)?.input_sandbox[0]);
    expect(await readFile(join(folder, 'a2'), 'utf8')).toBe('a2');
  });

  it('tells all problems of all files at once, and submits nothing', async () => {
    await terminal.file('one.jdl', 'Executable = ""; CPUTime = x;');
    await terminal.file('two.json', '[{"executable": "x", "priority": "high"}, {}]');
    const ran = await terminal.run('pilotage job submit one.jdl two.json');
    expect(ran.code).toBe(1);
    expect(ran.error.split('\n')).toEqual([
      'pilotage: the description is not valid — correct it; nothing was submitted',
      '  one.jdl: CPUTime: a whole number is needed',
      '  one.jdl: Executable: an executable is needed',
      expect.stringMatching(/^ {2}two\.json \[0\]: priority: /),
      expect.stringMatching(/^ {2}two\.json \[1\]: executable: /),
      '',
    ]);
    expect(fake.calls).toEqual([]);
  });

  it('tells where a JDL cannot be parsed', async () => {
    await terminal.file('bad.jdl', 'Executable = x\nArguments = y;');
    const ran = await terminal.run('pilotage job submit bad.jdl');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.error).toMatch(/^pilotage: bad\.jdl, line 2, column 1: expected ; .* — correct the description\n$/);
  });

  it('tells which local files are missing', async () => {
    await terminal.file('job.jdl', 'Executable = x; InputSandbox = {"none.dat"};');
    const ran = await terminal.run('pilotage job submit job.jdl');
    expect(ran.code).toBe(1);
    expect(ran.error).toContain('job.jdl: there is no file none.dat for the input sandbox');
  });

  it('shows what it would submit, and contacts nobody', async () => {
    await terminal.file('job.jdl', 'Executable = x; Arguments = "%s"; Parameters = {"a", "b"};');
    const ran = await terminal.run('pilotage job submit --dry-run job.jdl');
    expect((JSON.parse(ran.out) as { arguments: string }[]).map((each) => each.arguments)).toEqual(['a', 'b']);
    expect(ran.error).toBe('2 jobs would be submitted, with 0 local files\n');
    expect(fake.calls).toEqual([]);
  });

  it('tells what the server refuses, problem by problem', async () => {
    await terminal.file('job.jdl', 'Executable = x;');
    fake.refuse(jobs.submit, 'invalid-description', { problems: [{ path: 'jobs[0].sites', message: 'no such site' }] });
    expect(await terminal.run('pilotage job submit job.jdl')).toEqual({
      code: 1,
      out: '',
      error: 'pilotage: A job description is not valid — correct the description\n  jobs[0].sites: no such site\n',
    });
  });

  it('submits again with the same key when the answer was lost', async () => {
    await terminal.file('job.jdl', 'Executable = x;');
    terminal.environment['PILOTAGE_RETRY_SECONDS'] = '20';
    let tries = 0;
    fake.on(jobs.submit, () => (++tries === 1 ? { status: 503 } : { body: { jobs: [] } }));
    expect(await terminal.run('pilotage job submit job.jdl')).toMatchObject({ code: 0 });
    const keys = fake.got(jobs.submit).map(({ headers }) => headers['idempotency-key']);
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe('dsub', () => {
  it('submits a command with its arguments exactly as typed', async () => {
    const ran = await terminal.run('dsub -N greet --CPUTime 500 /bin/echo -n', "it's a", 'b', '$HOME', '%s');
    expect(ran).toEqual({ code: 0, out: '1001\n', error: '' });
    expect(board.descriptions[0]).toMatchObject({
      executable: '/bin/echo',
      arguments: `-n 'it'\\''s a' b '$HOME' %s`,
      job_name: 'greet',
      cpu_work: 500,
      output_sandbox: ['std.out', 'std.err'],
    });
  });

  it('brings a local executable along, with the directives in it; options win', async () => {
    await terminal.file('work.sh', '#!/bin/sh\n#JDL Site = "A, B"\n#JDL JobGroup = "g"\necho\n');
    await terminal.file('more.txt', 'x');
    const ran = await terminal.run('dsub --JobGroup mine --InputSandbox more.txt ./work.sh');
    expect(ran).toMatchObject({ code: 0, error: '' });
    expect(board.descriptions[0]).toMatchObject({
      executable: 'work.sh',
      sites: ['A', 'B'],
      job_group: 'mine',
      job_name: 'work.sh',
    });
    const folder = await unpacked(board.descriptions[0]?.input_sandbox[0]);
    expect(await readFile(join(folder, 'more.txt'), 'utf8')).toBe('x');
    expect(await readFile(join(folder, 'work.sh'), 'utf8')).toContain('echo');
  });

  it('reads a script from standard input', async () => {
    terminal.stdin = '#JDL Priority = 7\necho hello\n';
    expect(await terminal.run('dsub')).toMatchObject({ code: 0, out: '1001\n' });
    expect(board.descriptions[0]).toMatchObject({ executable: 'script.sh', job_name: 'STDIN', priority: 7 });
    const folder = await unpacked(board.descriptions[0]?.input_sandbox[0]);
    expect(await readFile(join(folder, 'script.sh'), 'utf8')).toBe('#!/bin/sh\n#JDL Priority = 7\necho hello\n');
  });

  it('begins with a JDL, as a file or as text', async () => {
    await terminal.file('base.jdl', '[ Executable = "/bin/ls"; JobGroup = "base"; Tag = "x"; ]');
    await terminal.run('dsub -J base.jdl --JobGroup other');
    await terminal.run('dsub --JDL', 'Executable = "/bin/date"; CPUTime = 100');
    expect(board.descriptions).toMatchObject([
      { executable: '/bin/ls', job_group: 'other', tags: ['x'] },
      { executable: '/bin/date', cpu_work: 100 },
    ]);
  });

  it('makes one job for each parameter', async () => {
    const ran = await terminal.run('dsub --Parametric=a,1:7:1:2 /bin/echo %s');
    expect(ran.out).toBe('1001,1002,1003,1004\n');
    expect(board.descriptions[0]?.parametric).toEqual({ values: ['a', '1', '3', '7'] });
  });

  it('refuses what cannot be right', async () => {
    expect((await terminal.run('dsub ./missing.sh')).error).toMatch(/^dsub: there is no file \.\/missing\.sh — /);
    expect((await terminal.run('dsub --Priority x /bin/true')).error).toContain('Priority: a whole number is needed');
    expect((await terminal.run('dsub --Parametric 1:9:0 /bin/true')).code).toBe(1);
    expect((await terminal.run('dsub')).error).toMatch(/^dsub: the script is empty/);
    expect(fake.calls).toEqual([]);
  });
});
