import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packSandbox } from '../../src/client/index.js';
import { jobs, type ListBody, Refusal, sandboxes } from '../../src/contract/index.js';
import { FakeJobs, type FakeRow, jobRow } from './fake-jobs.js';
import { FakeServer, type FakeReply } from './fake-server.js';
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

function outcome(success: number[], failed: Record<string, string> = {}): FakeReply {
  const details = Object.entries(failed).map(([id, detail]) => [id, { detail }]);
  return { body: { success: Object.fromEntries(success.map((id) => [id, {}])), failed: Object.fromEntries(details) } };
}

function listed(rows: FakeRow[]): FakeReply {
  return { body: { jobs: rows, next: null, total: rows.length } };
}

async function storeOutput(id: number, files: Record<string, string>): Promise<void> {
  const folder = join(terminal.folder, `made-${id}`);
  await mkdir(folder);
  const members = [];
  for (const [name, text] of Object.entries(files)) {
    members.push({ name, path: await terminal.file(`made-${id}/${name}`, text) });
  }
  const archive = join(terminal.folder, `made-${id}.tar.gz`);
  const { checksum } = await packSandbox(members, archive);
  const pfn = `SB:SandboxSE|/S3/b/demo/${checksum}.tar.gz`;
  board.objects.set(pfn.replace('SB:SandboxSE|', ''), await readFile(archive));
  // The names of a job's sandboxes come without the storage element.
  board.outputs.set(id, [pfn.replace('SB:SandboxSE|', '')]);
}

describe('Listing jobs', () => {
  beforeEach(() => {
    board.rows.push(
      jobRow({ JobID: 1, Status: 'Done' }),
      jobRow({ JobID: 2, Status: 'Running', JobName: 'a\u001b[31m red\nname' }),
      jobRow({ JobID: 3, Owner: 'bob' }),
      jobRow({ JobID: 4, JobGroup: 'g' }),
    );
  });

  it('shows my jobs that have not ended, oldest first, without control characters', async () => {
    const ran = await terminal.run('pilotage job list -F JobID,jobname,Status');
    expect(ran).toEqual({
      code: 0,
      error: '',
      out: 'JobID  JobName          Status\n    2  a [31m red name  Running\n    4  hello            Waiting\n',
    });
  });

  it.each([
    ['dstat --json -F JobID', [2, 4]],
    ['dstat -a --json -F JobID -D 100000', [1, 2, 4]],
    ['dstat -u * --json -F JobID', [2, 3, 4]],
    ['dstat -u bob --json -F JobID', [3]],
    ['dstat -S done,Running --json -F JobID', [1, 2]],
    ['dstat -g g -f json -F JobID', [4]],
    ['dstat 3,1 --json -F JobID', [1, 3]],
    ['pilotage job list --all --json -F JobID', [1, 2, 4]],
    ['pilotage job list --all -n hello --site Demo.Local --json -F JobID', [1, 4]],
    ['pilotage job status 1 3 --json -F JobID', [1, 3]],
  ])('%s', async (line, ids) => {
    const ran = await terminal.run(line);
    expect(ran).toMatchObject({ code: 0, error: '' });
    expect((JSON.parse(ran.out) as { JobID: number }[]).map((row) => row.JobID)).toEqual(ids);
  });

  it('prints CSV', async () => {
    board.rows.push(jobRow({ JobID: 5, JobName: 'a, "b"' }));
    const ran = await terminal.run('dstat 4,5 --csv -F JobID,JobName');
    expect(ran.out).toBe('JobID,JobName\r\n4,hello\r\n5,"a, ""b"""\r\n');
  });

  it('reads ids from a file', async () => {
    const file = await terminal.file('ids', '1\n2,3\n');
    const ran = await terminal.run(`dstat -i ${file} --json -F JobID`);
    expect(JSON.parse(ran.out)).toHaveLength(3);
  });

  it('cuts the table to the terminal, and colours states there only', async () => {
    terminal.isTerminal = true;
    terminal.columns = 80;
    board.rows.push(jobRow({ JobID: 123_456_789_012, JobName: 'a job with a very long name '.repeat(3) }));
    const { out } = await terminal.run('dstat');
    const escape = String.fromCharCode(27);
    expect(out).toContain(`${escape}[36m`);
    const lines = out.split('\n').map((line) => line.replaceAll(new RegExp(`${escape}\\[\\d+m`, 'g'), ''));
    expect(Math.max(...lines.map((line) => [...line].length))).toBeLessThanOrEqual(80);
    expect(out).toContain('123456789012');
    expect(out).toContain('…');
    terminal.environment['NO_COLOR'] = '1';
    expect((await terminal.run('dstat')).out).not.toContain(escape);
  });

  it('tells of jobs that are not known, with exit code 2', async () => {
    const ran = await terminal.run('pilotage job status 1,99 --json -F JobID');
    expect(ran).toMatchObject({ code: 2, error: 'pilotage: job 99 is not known — see "pilotage job list"\n' });
    expect(JSON.parse(ran.out)).toEqual([{ JobID: 1 }]);
  });

  it('reads many jobs page by page, and says when there are more', async () => {
    for (let id = 5; id <= 2504; id++) board.rows.push(jobRow({ JobID: id }));
    const all = await terminal.run('dstat --csv -F JobID --limit 5000');
    expect(all.out.trim().split('\r\n')).toHaveLength(2503);
    expect(fake.got(jobs.list)).toHaveLength(3);
    const some = await terminal.run('dstat --json -F JobID --limit 2');
    expect(JSON.parse(some.out)).toEqual([{ JobID: 2503 }, { JobID: 2504 }]);
    expect(some.error).toBe('the newest 2 of 2502 jobs are shown; --limit shows more\n');
  });

  it('says that there is more when nobody could count it in time', async () => {
    fake.on(jobs.list, () => ({ body: { jobs: [jobRow({ JobID: 7 })], next: 'more', total: null } }));
    const ran = await terminal.run('dstat --json -F JobID --limit 1');
    expect(JSON.parse(ran.out)).toEqual([{ JobID: 7 }]);
    expect(ran.error).toBe('the newest 1 jobs are shown; --limit shows more\n');
  });

  it('looks again and again with --watch, until Ctrl-C', async () => {
    fake.on(jobs.list, ({ body }) => {
      if (fake.got(jobs.list).length === 3) terminal.stop.abort();
      return listed((body as ListBody).search.length > 0 ? [jobRow({ JobID: 7 })] : []);
    });
    const ran = await terminal.run('dstat --watch 0.01 -F JobID');
    expect(ran.code).toBe(130);
    expect(ran.error).toBe('dstat: interrupted\n');
    expect(ran.out.match(/every 0\.01 s/g)?.length).toBeGreaterThanOrEqual(2);
  });
});

describe('Watching', () => {
  it('waits for a server that stopped answering', async () => {
    fake.on(jobs.list, () => {
      const looks = fake.got(jobs.list).length;
      if (looks === 2) throw new Refusal('unavailable');
      if (looks === 4) terminal.stop.abort();
      return listed([jobRow({ JobID: 7 })]);
    });
    const ran = await terminal.run('dstat --watch 0.01 -F JobID');
    expect(ran.out.match(/JobID|A service behind the server does not answer/g)).toEqual([
      'JobID',
      'A service behind the server does not answer',
      'JobID',
    ]);
  });
});

describe('Killing, deleting and rescheduling', () => {
  it('names each job, and tells which could not be handled', async () => {
    fake.on(jobs.kill, () => outcome([5, 7], { 6: 'Not found' }));
    const ran = await terminal.run('dkill 5,6 7');
    expect(ran).toEqual({ code: 2, out: 'killed job 5\nkilled job 7\n', error: 'dkill: job 6: Not found\n' });
    expect(fake.got(jobs.kill)[0]?.body).toEqual({ job_ids: [5, 6, 7] });
  });

  it('kills all my jobs that have not ended, and only when told so', async () => {
    board.rows.push(jobRow({ JobID: 1 }), jobRow({ JobID: 2, Status: 'Done' }), jobRow({ JobID: 3, Owner: 'bob' }));
    fake.on(jobs.kill, ({ body }) => outcome((body as { job_ids: number[] }).job_ids));
    expect((await terminal.run('dkill')).error).toContain('give job ids, or --all');
    expect(await terminal.run('dkill --all')).toMatchObject({ code: 0, out: 'killed job 1\n' });
  });

  it('deletes with -D, and by its own name', async () => {
    fake.on(jobs.delete, () => outcome([5]));
    expect((await terminal.run('dkill -D 5')).out).toBe('deleted job 5\n');
    expect((await terminal.run('pilotage job delete 5')).out).toBe('deleted job 5\n');
  });

  it('reschedules, with the counter reset when asked', async () => {
    fake.on(jobs.reschedule, () => outcome([5]));
    expect((await terminal.run('pilotage job reschedule 5 --reset')).out).toBe('rescheduled job 5\n');
    expect(fake.got(jobs.reschedule)[0]?.query.get('reset_jobs')).toBe('true');
  });

  it('understands a refusal of all jobs', async () => {
    fake.on(jobs.reschedule, () => ({
      status: 400,
      body: { code: 'not-reschedulable', detail: outcome([], { 5: 'too often' }).body },
    }));
    const ran = await terminal.run('pilotage job reschedule 5');
    expect(ran).toEqual({ code: 2, out: '', error: 'pilotage: job 5: too often\n' });
  });
});

describe('Fetching outputs', () => {
  it('makes a folder for each job, and leaves those alone that exist', async () => {
    await storeOutput(5, { 'std.out': 'five' });
    await storeOutput(6, { 'std.out': 'six' });
    const ran = await terminal.run('doutput 5,6 -D results');
    expect(ran).toMatchObject({ code: 0, error: '' });
    expect(await readFile(join(terminal.folder, 'results', '6', 'std.out'), 'utf8')).toBe('six');
    expect((await readdir(join(terminal.folder, 'results'))).toSorted()).toEqual(['5', '6']);
    const again = await terminal.run('pilotage job output 5 -D results');
    expect(again.out).toContain('job 5: already retrieved');
  });

  it('shows how far it is, where a person watches', async () => {
    for (const id of [5, 6]) await storeOutput(id, { 'std.out': String(id) });
    terminal.isTerminal = true;
    expect((await terminal.run('doutput 5,6')).error).toContain('\rfetching: 1 of 2 jobs');
  });

  it('tells which jobs have none, and goes on', async () => {
    await storeOutput(6, { 'std.out': 'six' });
    fake.on(sandboxes.ofJobByKind, ({ params }) => {
      if (params['id'] === '5') throw new Refusal('job-not-found');
      return { body: board.outputs.get(Number(params['id'])) ?? [null] };
    });
    const ran = await terminal.run('doutput 4,5,6');
    expect(ran.code).toBe(2);
    expect(ran.out).toContain('job 4: there is no output sandbox');
    expect(ran.error).toBe('doutput: job 5: There is no such job — see "pilotage job list"\n');
    expect(existsSync(join(terminal.folder, '6', 'std.out'))).toBe(true);
  });

  it('unpacks right into the folder with -n', async () => {
    await storeOutput(5, { 'std.out': 'five' });
    await terminal.run('doutput -n -D flat 5');
    expect(await readdir(join(terminal.folder, 'flat'))).toEqual(['std.out']);
  });

  it('finds my ended jobs of a group', async () => {
    const SubmissionTime = new Date().toISOString();
    board.rows.push(
      jobRow({ JobID: 5, JobGroup: 'g', Status: 'Done', SubmissionTime }),
      jobRow({ JobID: 6, JobGroup: 'g', Status: 'Running', SubmissionTime }),
    );
    await storeOutput(5, { 'std.out': 'five' });
    expect((await terminal.run('doutput -g g')).out).toBe(`job 5: output sandbox in ${join(terminal.folder, '5')}\n`);
  });

  it('refuses output data, which needs a catalogue', async () => {
    expect((await terminal.run('doutput --Data 5')).error).toContain('no file catalogue');
  });
});
