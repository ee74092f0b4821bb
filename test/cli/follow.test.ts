import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jobs } from '../../src/contract/index.js';
import { FakeJobs, jobRow } from './fake-jobs.js';
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

describe('Following a job', () => {
  it('prints only what is new, until the job ends', async () => {
    const peeks = [
      { text: '', status: 'Waiting', attempt: 0 },
      { text: 'one\ntwo\n', status: 'Running', attempt: 1 },
      { text: 'two\nthree\n', status: 'Running', attempt: 1 },
      { text: 'nine\n', status: 'Running', attempt: 1 },
      { text: 'again\n', status: 'Running', attempt: 2 },
      { text: 'again\nend\n', status: 'Done', attempt: 2 },
    ];
    fake.on(jobs.peek, () => ({ body: { at: null, ...peeks[fake.got(jobs.peek).length - 1] } }));
    expect(await terminal.run('dpeek -f 5 --interval 0.01')).toEqual({
      code: 0,
      out: 'one\ntwo\nthree\nnine\nagain\nend\n',
      error: 'job 5: some lines were missed\njob 5 runs again: attempt 2\n',
    });
  });

  it('ends with exit code 2 when the job fails', async () => {
    fake.on(jobs.peek, () => ({ body: { text: 'no\n', at: null, status: 'Failed', attempt: 1 } }));
    expect(await terminal.run('pilotage job peek -f 5')).toEqual({ code: 2, out: 'no\n', error: '' });
  });

  it('prints the last lines once without -f', async () => {
    fake.on(jobs.peek, () => ({ body: { text: 'last line', at: null, status: 'Running', attempt: 1 } }));
    expect(await terminal.run('dpeek 5')).toEqual({ code: 0, out: 'last line\n', error: '' });
  });

  it('waits until all jobs have ended', async () => {
    board.rows.push(jobRow({ JobID: 1, Status: 'Running' }), jobRow({ JobID: 2, Status: 'Done' }));
    const waiting = terminal.run('pilotage job wait 1,2 --interval 0.01');
    board.rows[0] = jobRow({ JobID: 1, Status: 'Done' });
    expect(await waiting).toEqual({ code: 0, out: '', error: '' });
    board.rows[0] = jobRow({ JobID: 1, Status: 'Failed' });
    expect((await terminal.run('pilotage job wait 1,2')).code).toBe(2);
  });

  it('does not wait longer than said', async () => {
    board.rows.push(jobRow({ JobID: 1 }), jobRow({ JobID: 2 }));
    const ran = await terminal.run('pilotage job wait 1,2 --interval 0.01 --timeout 0.05');
    expect(ran).toMatchObject({
      code: 1,
      error: 'pilotage: still not ended: 1-2 — wait longer, or see "pilotage job status"\n',
    });
  });
});

describe('One job', () => {
  const history = [
    {
      Status: 'Received',
      MinorStatus: 'Job accepted',
      ApplicationStatus: 'Unknown',
      StatusTime: '2026-11-23T20:15:00Z',
      Source: 'JobManager',
    },
  ];
  beforeEach(() => {
    fake.on(jobs.find, () => ({
      body: {
        job: jobRow({ JobID: 5 }),
        description: { executable: 'x', tags: ['a', 'b'], sites: [], arguments: '' },
        parameters: { 'MemoryUsed(MB)': '12' },
        attempts: [],
        history,
      },
    }));
  });

  it('is shown with its description, parameters and history', async () => {
    const { out, code } = await terminal.run('pilotage job show 5');
    expect(code).toBe(0);
    expect(out).toContain('SubmissionTime     2026-11-23 20:15:00');
    expect(out).toContain('\nDescription\n  executable  x\n  tags        a, b\n');
    expect(out).toContain('\nParameters\n  MemoryUsed(MB)  12\n');
    expect(out).toMatch(/Received {2}Job accepted {2}Unknown {12}2026-11-23 20:15:00 {2}JobManager/);
    expect(JSON.parse((await terminal.run('pilotage job show 5 --json')).out)).toMatchObject({ history });
  });

  it('has a history', async () => {
    const expected =
      'Status,MinorStatus,ApplicationStatus,StatusTime,Source\r\nReceived,Job accepted,Unknown,2026-11-23T20:15:00Z,JobManager\r\n';
    expect((await terminal.run('dlogging 5 -f csv')).out).toBe(expected);
    expect((await terminal.run('pilotage job logging 5 --csv')).out).toBe(expected);
  });

  it('gives back its JDL, or its description', async () => {
    fake.on(jobs.jdl, () => ({ body: { jdl: '[ Executable = x; ]' } }));
    expect((await terminal.run('pilotage job jdl 5')).out).toBe('[ Executable = x; ]\n');
    fake.on(jobs.jdl, () => ({ body: { jdl: null } }));
    expect(JSON.parse((await terminal.run('pilotage job jdl 5')).out)).toMatchObject({ executable: 'x' });
  });
});
