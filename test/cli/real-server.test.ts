import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer, type TestServer } from '../support/server.js';
import { Terminal } from './terminal.js';

let server: TestServer;
let terminal: Terminal;

beforeAll(async () => {
  server = await startServer({ configuration: { running_limits: [{ max_running: 1_000 }] } });
  terminal = await Terminal.open(server.url);
});
afterAll(async () => {
  await terminal.close();
  await server.close();
});
beforeEach(() => {
  terminal.environment['PILOTAGE_TOKEN'] = server.tokenFor();
});

async function submitted(line: string, ...more: string[]): Promise<number[]> {
  const ran = await terminal.run(line, ...more);
  expect(ran).toMatchObject({ code: 0, error: '' });
  return ran.out.trim().split(',').map(Number);
}

describe('The command line with the real server', () => {
  it('says who I am', async () => {
    expect((await terminal.run('pilotage whoami')).out).toMatch(/^user +alice\nsubject +lhcb:alice\nVO +lhcb\n/);
  });

  it('submits jobs, shows, reschedules, kills and deletes them', async () => {
    const ids = await submitted('dsub --Parametric=1:3 --JobGroup mine /bin/echo %s');
    expect(ids).toHaveLength(3);
    const list = ids.join(',');
    const listed = await terminal.run(`dstat -g mine --json -F JobID,Status,JobGroup`);
    expect(JSON.parse(listed.out)).toEqual(ids.map((JobID) => ({ JobID, Status: 'Waiting', JobGroup: 'mine' })));
    expect((await terminal.run(`pilotage job status ${list}`)).out).toContain('Pilot Agent Submission');
    expect(await terminal.run(`dkill ${list}`)).toMatchObject({ code: 0, error: '' });
    expect((await terminal.run(`pilotage job wait ${list}`)).code).toBe(2);
    expect(await terminal.run(`pilotage job reschedule ${ids[0]}`)).toMatchObject({ code: 0, error: '' });
    const history = await terminal.run(`dlogging ${ids[0]} --json`);
    const states = (JSON.parse(history.out) as { Status: string; StatusTime: string | null }[]).map(
      (row) => row.Status,
    );
    expect(states).toEqual(expect.arrayContaining(['Received', 'Waiting', 'Killed']));
    expect(await terminal.run(`pilotage job delete ${list}`)).toMatchObject({ code: 0, error: '' });
    expect(JSON.parse((await terminal.run('dstat -g mine --json')).out)).toEqual([]);
  });

  it('shows limits on running jobs to administrators', async () => {
    const refused = await terminal.run('pilotage limits');
    expect(refused).toMatchObject({ out: '' });
    expect(refused.code).not.toBe(0);
    terminal.environment['PILOTAGE_TOKEN'] = server.tokenFor({ group: 'lhcb_admin', user: 'root' });
    const counted = JSON.stringify({ window: null });
    await server.database.execute('INSERT INTO limit_keys (name, slots) VALUES (?, 1)', [counted]);
    const listed = await terminal.run('pilotage limits --json');
    expect(JSON.parse(listed.out)).toEqual([
      { Rule: 'running_limits.0', Counts: 'all', Kind: 'running', Window: null, Maximum: 1_000, InUse: 0, FreeIn: 0 },
    ]);
    expect(JSON.parse((await terminal.run('pilotage limits --full --json')).out)).toEqual([]);
  });

  it('fills every column of a history', async () => {
    const [id] = await submitted('dsub /bin/true');
    const rows = JSON.parse((await terminal.run(`dlogging ${id} --json`)).out) as Record<string, unknown>[];
    for (const row of rows) expect(Object.values(row)).not.toContain(null);
  });

  it('brings input files there, and back', async () => {
    await terminal.file('run.sh', '#!/bin/sh\necho hello\n');
    await terminal.file('job.jdl', 'Executable = "run.sh"; InputSandbox = "run.sh"; JobName = "with-files";');
    const [id] = await submitted('pilotage job submit job.jdl');
    expect(await terminal.run(`pilotage job input ${id}`)).toMatchObject({ code: 0, error: '' });
    const fetched = join(terminal.folder, `InputSandbox${id}`, 'run.sh');
    expect(await readFile(fetched, 'utf8')).toBe('#!/bin/sh\necho hello\n');
    expect((await terminal.run(`doutput ${id}`)).out).toContain('there is no output sandbox');
    const shown = await terminal.run(`pilotage job show ${id}`);
    expect(shown).toMatchObject({ code: 0, error: '' });
    expect(shown.out).toMatch(/executable +run\.sh/);
    expect(JSON.parse((await terminal.run(`pilotage job jdl ${id}`)).out)).toMatchObject({ job_name: 'with-files' });
    expect((await terminal.run(`dpeek ${id}`)).error).toContain('is Checking and has printed nothing yet');
    expect((await terminal.run(`pilotage pilot log --job ${id}`)).error).toContain('no pilot has taken job');
  });

  it('gives the same jobs for the same idempotency key', async () => {
    await terminal.file('one.jdl', 'Executable = x;');
    const line = 'pilotage job submit one.jdl --idempotency-key the-key';
    expect(await submitted(line)).toEqual(await submitted(line));
    const other = await terminal.run('pilotage job submit - --idempotency-key the-key');
    expect(other.code).toBe(1);
  });

  it('tells what the server does not allow, job by job', async () => {
    await terminal.file(
      'bad.json',
      JSON.stringify([
        { executable: 'x', priority: 99 },
        { executable: 'x', sites: ['Nowhere'] },
      ]),
    );
    const ran = await terminal.run('pilotage job submit bad.json');
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.error).toMatch(/\n {2}jobs\[0\]\.priority: .*\n {2}jobs\[1\]\.sites: .*\n$/);
  });

  it('tells of jobs that are not known, and of a token that is not good', async () => {
    expect(await terminal.run('dkill 987654321')).toMatchObject({ code: 2, out: '' });
    expect((await terminal.run('pilotage job show 987654321')).error).toContain('see "pilotage job list"');
    terminal.environment['PILOTAGE_TOKEN'] = 'nonsense';
    expect(await terminal.run('dstat')).toMatchObject({ code: 3, error: expect.stringContaining('sign in again') });
  });

  it('lists pilots', async () => {
    expect(await terminal.run('pilotage pilot list')).toMatchObject({ code: 0, error: '' });
    const unknown = await terminal.run(`pilotage pilot show ${'0'.repeat(32)}`);
    expect(unknown).toMatchObject({ code: 1, error: expect.stringContaining('see "pilotage pilot list"') });
  });

  it('explains why a job, a task queue and a pilot wait', async () => {
    await terminal.file('big.json', JSON.stringify({ executable: '/bin/true', min_processors: 64 }));
    const [id] = await submitted('pilotage job submit big.json');
    const ran = await terminal.run(`pilotage why ${id}`);
    expect(ran).toMatchObject({ code: 0, error: '' });
    expect(ran.out).toMatch(new RegExp(`^Job ${id} is Waiting in task queue \\d+\\.\n- None of 1 queue and 0 pilots`));
    expect(ran.out).toContain(
      'To make it run: ask for at most 2 processors (you ask for 64) — then 1 queue and 0 pilots',
    );
    const told = JSON.parse((await terminal.run(`pilotage why ${id} --json`)).out) as { task_queue: number };
    const queue = await terminal.run(`pilotage why --queue ${told.task_queue}`);
    expect(queue.out).toMatch(/^Task queue \d+ \(VO lhcb, group lhcb_user, owner alice\): 1 waiting job\.\n/);
    expect(await terminal.run(`pilotage why --pilot ${'0'.repeat(32)}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining('see "pilotage pilot list"'),
    });
    expect((await terminal.run('pilotage why --queue 987654321')).error).toContain('There is no task queue 987654321');
  });
});
