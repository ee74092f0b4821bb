import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { jobs, pilots, server } from '../../src/contract/index.js';
import { FakeJobs, searchIn } from './fake-jobs.js';
import { FakeServer } from './fake-server.js';
import { Terminal } from './terminal.js';

let fake: FakeServer;
let terminal: Terminal;

beforeEach(async () => {
  fake = await FakeServer.start();
  new FakeJobs(fake);
  terminal = await Terminal.open(fake.url);
});
afterEach(async () => {
  await fake.stop();
  await terminal.close();
});

const stamp = '0123456789abcdef0123456789abcdef';

describe('Signing in', () => {
  const stored = (): string => join(terminal.folder, '.config', 'pilotage', 'credentials.json');

  beforeEach(() => {
    delete terminal.environment['PILOTAGE_URL'];
    delete terminal.environment['PILOTAGE_TOKEN'];
  });

  it('keeps the token for later commands, for nobody else to read', async () => {
    terminal.stdin = 'good\n';
    const ran = await terminal.run(`pilotage login --url ${fake.url} --token-file -`);
    expect(ran).toEqual({ code: 0, error: '', out: `signed in to ${fake.url} as alice (VO demo, group demo_user)\n` });
    expect((await stat(stored())).mode & 0o777).toBe(0o600);
    expect((await terminal.run('pilotage whoami')).out).toContain('user         alice\n');
    expect((await terminal.run('pilotage logout')).out).toBe('signed out\n');
    expect((await terminal.run('pilotage logout')).out).toBe('nobody was signed in\n');
  });

  it('does not keep a token that the server refuses', async () => {
    await terminal.file('token', 'bad');
    const ran = await terminal.run(`pilotage login --url ${fake.url} --token-file token`);
    expect(ran).toMatchObject({ code: 3, out: '' });
    expect(ran.error).toBe('pilotage: The token is not valid here — sign in again with "pilotage login"\n');
    await expect(readFile(stored())).rejects.toThrow('ENOENT');
  });

  it('sends a stored token to its own server only', async () => {
    await terminal.file('token', 'good');
    await terminal.run(`pilotage login --url ${fake.url} --token-file token`);
    const other = await FakeServer.start();
    const { url } = other;
    terminal.environment['PILOTAGE_URL'] = url;
    const ran = await terminal.run('pilotage whoami');
    await other.stop();
    expect(ran).toMatchObject({
      code: 3,
      error: `pilotage: you are not signed in to ${url} — sign in with "pilotage login"\n`,
    });
    expect(other.calls).toEqual([]);
  });

  it('is asked for when nothing is known', async () => {
    const ran = await terminal.run('dstat');
    expect(ran).toEqual({
      code: 3,
      out: '',
      error: 'dstat: no server is known — sign in with "pilotage login", or set PILOTAGE_URL\n',
    });
  });

  it('tells of damaged credentials', async () => {
    await terminal.file('token', 'good');
    await terminal.run(`pilotage login --url ${fake.url} --token-file token`);
    await terminal.file('.config/pilotage/credentials.json', '{"url": 1');
    expect((await terminal.run('dstat')).error).toMatch(/credentials\.json is damaged — sign in again/);
  });

  it('is possible by environment, with the token in a file', async () => {
    terminal.environment['PILOTAGE_URL'] = fake.url;
    terminal.environment['PILOTAGE_TOKEN_FILE'] = await terminal.file('t', ' good\n');
    expect(JSON.parse((await terminal.run('pilotage whoami --json')).out)).toMatchObject({
      preferred_username: 'alice',
    });
    terminal.environment['PILOTAGE_TOKEN_FILE'] = 'none';
    expect((await terminal.run('pilotage whoami')).error).toMatch(
      /^pilotage: PILOTAGE_TOKEN_FILE names .* cannot be read/,
    );
  });
});

describe('Trouble is told in one line, with an exit code', () => {
  it('when the server cannot be reached', async () => {
    await fake.stop();
    const ran = await terminal.run('dstat');
    expect(ran.code).toBe(3);
    expect(ran.error).toMatch(/^dstat: 127\.0\.0\.1:\d+ cannot be reached: connection refused — check .*\n$/);
  });

  it('when the address is none', async () => {
    terminal.environment['PILOTAGE_URL'] = 'pilotage.example.org';
    expect((await terminal.run('dstat')).error).toMatch(/^dstat: pilotage\.example\.org is no address of a server — /);
  });

  it('when the token is not good, or the policy says no', async () => {
    fake.refuse(server.userinfo, 'forbidden');
    expect(await terminal.run('pilotage whoami')).toMatchObject({
      code: 3,
      error: expect.stringContaining('see "pilotage whoami"'),
    });
    terminal.environment['PILOTAGE_TOKEN'] = 'bad';
    expect(await terminal.run('pilotage whoami')).toMatchObject({
      code: 3,
      error: expect.stringContaining('sign in again'),
    });
  });

  it('when something else answers', async () => {
    fake.on(server.userinfo, () => ({ body: '<html>Welcome</html>' }));
    expect(await terminal.run('pilotage whoami')).toMatchObject({
      code: 1,
      error: expect.stringContaining('not one of a Pilotage server'),
    });
  });

  it.each([
    ['pilotage job kill x12', 'x12 is no job id'],
    ['pilotage job kill 0', '0 is no job id'],
    ['pilotage job kill', 'no job is named'],
    ['pilotage job submit nothing.jdl', 'there is no such file or folder'],
    ['pilotage job list -S Sleeping', 'Sleeping is no state of a job'],
    ['pilotage job list -F Nope', 'There is no column Nope'],
    ['pilotage job list --limit 0', 'A whole number from 1 is needed'],
    ['pilotage job list --nonsense', "unknown option '--nonsense'"],
    ['pilotage nonsense', "unknown command 'nonsense'"],
    ['pilotage login --url x', "required option '--token-file <file>' not specified"],
    ['pilotage pilot show 12', '12 is no stamp'],
    ['pilotage pilot log', 'which pilot is meant'],
    ['pilotage pilot list -S Flying', 'Flying is no state of a pilot'],
    ['dstat --watch soon', 'A number of seconds is needed'],
    ['dlogging', "missing required argument 'ids'"],
  ])('%s', async (line, what) => {
    const ran = await terminal.run(line);
    expect(ran).toMatchObject({ code: 1, out: '' });
    expect(ran.error).toContain(what);
    expect(ran.error.trim().split('\n')).toHaveLength(1);
    expect(fake.calls).toEqual([]);
  });

  it('when it is unexpected, with the place on demand', async () => {
    fake.on(jobs.list, () => ({ body: { jobs: [], next: null, total: 0 } }));
    terminal.environment['HOME'] = '\0';
    terminal.environment['PILOTAGE_DEBUG'] = '1';
    const ran = await terminal.run('dstat');
    expect(ran.code).toBe(1);
    expect(ran.error).toMatch(/\n {4}at /);
  });
});

describe('Help', () => {
  it.each([
    'pilotage',
    'pilotage job',
    'pilotage job submit',
    'pilotage job list',
    'pilotage job status',
    'pilotage job show',
    'pilotage job kill',
    'pilotage job delete',
    'pilotage job reschedule',
    'pilotage job output',
    'pilotage job input',
    'pilotage job logging',
    'pilotage job peek',
    'pilotage job jdl',
    'pilotage job wait',
    'pilotage pilot',
    'pilotage pilot list',
    'pilotage pilot show',
    'pilotage pilot log',
    'pilotage login',
    'pilotage logout',
    'pilotage whoami',
    'pilotage version',
    'dsub',
    'dstat',
    'doutput',
    'dkill',
    'dlogging',
    'dpeek',
  ])('%s --help', async (command) => {
    const ran = await terminal.run(`${command} --help`);
    expect(ran).toMatchObject({ code: 0, error: '' });
    expect(ran.out).toContain(`Usage: ${command}`);
  });

  it('explains settings and exit codes', async () => {
    for (const command of ['pilotage', 'dsub', 'dstat', 'doutput', 'dkill', 'dlogging', 'dpeek']) {
      const { out } = await terminal.run(`${command} --help`);
      expect(out).toContain('PILOTAGE_TOKEN_FILE');
      expect(out).toContain('3  the server cannot be reached');
    }
  });

  it('says the version', async () => {
    expect((await terminal.run('pilotage version')).out).toMatch(/^pilotage \d+\.\d+\.\d+ \(Node\.js \d+/);
    expect((await terminal.run('pilotage --version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('Pilots', () => {
  const row = {
    PilotID: 1,
    PilotStamp: stamp,
    Status: 'Running',
    GridSite: 'Demo.Local',
    SubmissionTime: '2026-11-23T20:15:00Z',
  };

  it('are listed', async () => {
    fake.on(
      pilots.search,
      searchIn(() => [row, { ...row, PilotID: 2, Status: 'Done' }], 'pilots'),
    );
    const ran = await terminal.run(
      'pilotage pilot list -S running --site Demo.Local -F PilotStamp,Status,SubmissionTime',
    );
    expect(ran.out).toBe(
      `PilotStamp                        Status   SubmissionTime\n${stamp}  Running  2026-11-23 20:15:00\n`,
    );
  });

  it('are shown one by one', async () => {
    const log = { state: 'open', chunks: 2, bytes: 99 };
    fake.on(pilots.find, () => ({ body: { pilot: row, node: { hostname: 'n1' }, jobs: [], log } }));
    const { out } = await terminal.run(`pilotage pilot show ${stamp}`);
    expect(out).toContain('hostname  n1\n');
    expect(out).toContain('Log: open, 99 bytes in 2 chunks\n');
    expect(JSON.parse((await terminal.run(`pilotage pilot show ${stamp} --json`)).out)).toMatchObject({ log });
  });

  it('have logs, found by stamp or by job', async () => {
    fake.on(pilots.readLog, () => ({ body: 'line 1\nline 2\n', headers: { 'content-type': 'text/plain' } }));
    fake.on(pilots.ofJob, ({ params }) => ({ body: { pilots: params['id'] === '5' ? [{ attempt: 1, stamp }] : [] } }));
    expect((await terminal.run(`pilotage pilot log ${stamp}`)).out).toBe('line 1\nline 2\n');
    expect((await terminal.run('pilotage pilot log --job 5')).out).toBe('line 1\nline 2\n');
    expect(await terminal.run('pilotage pilot log --job 6')).toMatchObject({
      code: 1,
      error: expect.stringContaining('no pilot has taken job 6 yet'),
    });
    fake.refuse(pilots.readLog, 'log-not-found');
    expect(await terminal.run(`pilotage pilot log ${stamp}`)).toMatchObject({
      code: 1,
      error: expect.stringContaining('The pilot has no log'),
    });
  });

  it('have logs that can be followed until they are sealed', async () => {
    const chunk = (id: number, text: string): string =>
      `id: ${id}\nevent: chunk\ndata: ${JSON.stringify({ number: id, text })}\n\n`;
    fake.on(pilots.followLog, () => {
      const parts = [chunk(0, 'one\n') + chunk(1, 'two\n'), 'event: sealed\ndata: {}\n\n'];
      return {
        body: parts[fake.got(pilots.followLog).length - 1] ?? '',
        headers: { 'content-type': 'text/event-stream' },
      };
    });
    expect(await terminal.run(`pilotage pilot log -f ${stamp}`)).toEqual({ code: 0, out: 'one\ntwo\n', error: '' });
    expect(fake.got(pilots.followLog)[1]?.headers['last-event-id']).toBe('1');
  });
});
