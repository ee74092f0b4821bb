import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Refusal } from '../../../src/contract/index.js';
import { JobCounts } from '../../../src/wms/counters/index.js';
import type { Sandboxes } from '../../../src/wms/outputs/sandboxes.js';
import { JobRegister } from '../../../src/wms/submission/job-register.js';
import { RepeatedRequests } from '../../../src/wms/submission/repeated-requests.js';
import { NextStages } from '../../../src/wms/submission/store-jobs.js';
import { Submission } from '../../../src/wms/submission/submission.js';
import { WaitingJobs } from '../../../src/wms/submission/waiting-jobs.js';
import { announceSandbox } from '../../support/announce-sandbox.js';
import { holdJob } from '../../support/held-job.js';
import { jdoe, rroe, type Stages, startStages } from '../../support/stages.js';

let stages: Stages;
beforeAll(async () => {
  stages = await startStages({ vos: { lhcb: { jobs: { max_jobs_per_call: 300 } } } });
});
afterAll(() => stages.close());

interface Row {
  job_id: number;
  status: string;
  minor_status: string;
  waiting_in: number | null;
  task_queue_id: number;
  job_name: string;
  owner: string;
  owner_subject: string;
  owner_group: string;
  vo: string;
  site: string;
  user_priority: number;
  description_id: number;
  expansion: string | null;
}

function rowsOf(ids: number[]): Promise<Row[]> {
  return stages.database.query<Row>('SELECT * FROM jobs WHERE job_id IN (?) ORDER BY job_id', [ids]);
}

async function historyOf(id: number): Promise<string[]> {
  const rows = await stages.database.query<{ status: string; minor_status: string; source: string }>(
    'SELECT status, minor_status, source FROM job_history WHERE job_id = ? ORDER BY status_time, entry_id',
    [id],
  );
  return rows.map(({ status, minor_status, source }) => `${status}/${minor_status}/${source}`);
}

async function countJobs(): Promise<number> {
  const [row] = await stages.database.query<{ count: number }>('SELECT COUNT(*) AS count FROM jobs');
  return Number(row?.count);
}

const hello = { executable: '/bin/echo', arguments: 'hello' };

async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const refused = await call.then(
    () => null,
    (error: unknown) => error,
  );
  expect(refused).toBeInstanceOf(Refusal);
  return refused as Refusal;
}

describe('an accepted job', () => {
  it('is answered as Received while its row is Waiting in a task queue already', async () => {
    const [accepted] = await stages.submission.submitJdls(jdoe, [
      'Executable = "/bin/date"; JobName = "clock"; Priority = 3;',
    ]);
    expect(accepted).toMatchObject({ Status: 'Received', MinorStatus: 'Job accepted' });
    expect(accepted?.TimeStamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
    const id = accepted?.JobID ?? 0;
    const [row] = await rowsOf([id]);
    expect(row).toMatchObject({
      status: 'Waiting',
      minor_status: 'Pilot Agent Submission',
      job_name: 'clock',
      site: 'ANY',
    });
    expect(row).toMatchObject({ user_priority: 3, owner: 'jdoe', owner_subject: 'lhcb:jdoe', vo: 'lhcb' });
    expect(row?.waiting_in).toBe(row?.task_queue_id);
    expect(await historyOf(id)).toEqual([
      'Received/Job accepted/JobManager',
      'Waiting/Pilot Agent Submission/JobManager',
    ]);
  });

  it('belongs to the owner of the token, whatever its JDL says', async () => {
    const jdl = '[ Executable = "x"; Owner = "root"; OwnerGroup = "lhcb_admin"; VirtualOrganization = "atlas"; ]';
    const [accepted] = await stages.submission.submitJdls(jdoe, [jdl]);
    const [row] = await rowsOf([accepted?.JobID ?? 0]);
    expect(row).toMatchObject({ owner: 'jdoe', owner_group: 'lhcb_user', vo: 'lhcb' });
  });

  it('gets the defaults of its VO for priority and CPU work', async () => {
    const [accepted] = await stages.submission.submitJsons(jdoe, [hello]);
    const [row] = await rowsOf([accepted?.JobID ?? 0]);
    const [stored] = await stages.database.query<{ document: string; jdl: string | null }>(
      'SELECT document, jdl FROM job_descriptions WHERE description_id = ?',
      [row?.description_id],
    );
    expect(row?.user_priority).toBe(1);
    expect(JSON.parse(stored?.document ?? '{}')).toMatchObject({ ...hello, priority: 1, cpu_work: 86_400 });
    expect(stored?.jdl).toBeNull();
  });

  it('shows its wanted site, Multiple for several, ANY for none', async () => {
    const sites = [[], ['demo.local'], ['ANY']];
    const accepted = await stages.submission.submitJsons(
      jdoe,
      sites.map((wanted) => ({ ...hello, sites: wanted })),
    );
    const rows = await rowsOf(accepted.map(({ JobID }) => JobID));
    expect(rows.map(({ site }) => site)).toEqual(['ANY', 'demo.local', 'ANY']);
  });
});

describe('parametric jobs', () => {
  it('are Waiting at once, one description for all, each with its values', async () => {
    const jdl = '[ Executable = "x"; JobName = "Test_%n"; Arguments = "%s"; Parameters = {"a", "b", "c"}; ]';
    const accepted = await stages.submission.submitJdls(jdoe, [jdl]);
    const rows = await rowsOf(accepted.map(({ JobID }) => JobID));
    expect(rows.map(({ job_name }) => job_name)).toEqual(['Test_0', 'Test_1', 'Test_2']);
    expect(new Set(rows.map(({ status }) => status))).toEqual(new Set(['Waiting']));
    expect(new Set(rows.map(({ description_id }) => description_id)).size).toBe(1);
    expect(rows.map(({ expansion }) => JSON.parse(expansion ?? '{}').value)).toEqual(['a', 'b', 'c']);
  });

  it('whose sites vary go to different task queues', async () => {
    const accepted = await stages.submission.submitJsons(jdoe, [
      { ...hello, sites: ['%s'], parametric: { values: ['Demo.Local', 'ANY'] } },
    ]);
    const rows = await rowsOf(accepted.map(({ JobID }) => JobID));
    expect(new Set(rows.map(({ task_queue_id }) => task_queue_id)).size).toBe(2);
  });
});

describe('a refused call', () => {
  it('names every problem of every job and stores nothing', async () => {
    const before = await countJobs();
    const refused = await refusalOf(
      stages.submission.submitJsons(jdoe, [
        hello,
        { ...hello, priority: 11 },
        { executable: '' },
        { ...hello, sites: ['LCG.Nowhere.xx'] },
      ]),
    );
    expect(refused.code).toBe('invalid-description');
    expect(refused.details.problems?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['jobs[1].priority', 'jobs[2].executable', 'jobs[3].sites']),
    );
    expect(await countJobs()).toBe(before);
  });

  it('has the codes of DiracX for syntax, mixtures and too many jobs', async () => {
    const plain = 'Executable = "x";';
    const parametric = 'Executable = "x"; Parameters = 3;';
    const of = async (jdls: string[]): Promise<[string, string]> => {
      const { code, message } = await refusalOf(stages.submission.submitJdls(jdoe, jdls));
      return [code, message];
    };
    expect(await of([])).toEqual(['jdl-syntax', expect.stringContaining('JDL syntax error')]);
    expect(await of(['Executable = ;'])).toEqual(['jdl-syntax', expect.stringMatching(/JDL syntax error.*line 1/)]);
    expect(await of([plain, parametric])).toEqual([
      'invalid-description',
      'You cannot submit parametric jobs in a bulk fashion',
    ]);
    const tooMany = ['too-many-jobs', 'Normal user cannot submit more than 20 jobs at once'];
    expect(await of(Array.from({ length: 21 }, () => plain))).toEqual(tooMany);
    expect(await of(['Executable = "x"; Parameters = 21;'])).toEqual(tooMany);
  });

  it('says when a description needs a catalogue', async () => {
    const refused = await refusalOf(stages.submission.submitJsons(jdoe, [{ ...hello, input_data: ['/lhcb/data/1'] }]));
    expect(refused.code).toBe('needs-catalogue');
  });

  it('is a 429 with Retry-After once the owner has too many waiting jobs', async () => {
    const small = await startStages({ vos: { lhcb: { jobs: { max_waiting_per_owner: 2 } } } });
    await small.submission.submitJsons(jdoe, [hello, hello]);
    const refused = await refusalOf(small.submission.submitJsons(jdoe, [hello]));
    expect(refused).toMatchObject({ code: 'too-many-waiting-jobs', status: 429, details: { retryAfter: 60 } });
    await small.submission.submitJsons(rroe, [hello]);
    await small.close();
  });

  it('counts the waiting jobs of a person, whatever the name and whether their counters are folded or not', async () => {
    const small = await startStages({ vos: { lhcb: { jobs: { max_waiting_per_owner: 3 } } } });
    const otherServer = (): WaitingJobs => new WaitingJobs(small.database);
    const namesake = { ...jdoe, subject: 'lhcb:another-jdoe' };
    const renamed = { ...jdoe, username: 'jane' };
    const [first] = await small.submission.submitJsons(jdoe, [hello, hello]);
    await new JobCounts(small.database).fold();
    await small.submission.submitJsons(jdoe, [hello]);
    const refused = await refusalOf(otherServer().admit(renamed, 1, 3));
    expect(refused.message).toBe('jane has 3 waiting jobs; with 1 more it would exceed the limit of 3');
    await otherServer().admit(namesake, 3, 3);
    await holdJob(small, first?.JobID ?? 0);
    await otherServer().admit(jdoe, 1, 3);
    await small.close();
  });
});

describe('a repeated call', () => {
  it('with the same key and body gets the same ids, also when both come at once', async () => {
    const before = await countJobs();
    const calls = Array.from({ length: 8 }, () => stages.submission.submitJsons(jdoe, [hello, hello], 'key-1'));
    const replies = await Promise.all(calls);
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
    expect(await countJobs()).toBe(before + 2);
    expect(await stages.submission.submitJsons(jdoe, [hello, hello], 'key-1')).toEqual(replies[0]);
  });

  it('to another server at the same time gets the same ids too', async () => {
    const { database, jobs, configuration, sandboxes } = stages;
    const next = new NextStages(stages.taskQueues, sandboxes, stages.statuses);
    const register = new JobRegister(database, jobs, new RepeatedRequests(database), next);
    const other = new Submission(configuration, sandboxes, new WaitingJobs(database), register);
    const replies = await Promise.all(
      [stages.submission, other, stages.submission, other].map((server) => server.submitJsons(jdoe, [hello], 'key-0')),
    );
    expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1);
  });

  it('with another body is a conflict; another user may use the key', async () => {
    await stages.submission.submitJsons(jdoe, [hello], 'key-2');
    const refused = await refusalOf(stages.submission.submitJsons(jdoe, [{ executable: 'other' }], 'key-2'));
    expect(refused).toMatchObject({ code: 'idempotency-conflict', status: 409 });
    await expect(stages.submission.submitJsons(rroe, [{ executable: 'other' }], 'key-2')).resolves.toHaveLength(1);
  });

  it('is recognised after midnight', async () => {
    const first = await stages.submission.submitJsons(jdoe, [hello], 'key-3');
    await stages.database.execute('UPDATE repeated_requests SET day = CURRENT_DATE - INTERVAL 1 DAY');
    expect(await stages.submission.submitJsons(jdoe, [hello], 'key-3')).toEqual(first);
  });
});

describe('calls that arrive together', () => {
  it('share transactions, and each job exists once', async () => {
    const accepted = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        stages.submission.submitJsons(jdoe, [{ ...hello, job_name: `together-${at}` }]),
      ),
    );
    const ids = accepted.flat().map(({ JobID }) => JobID);
    expect(new Set(ids).size).toBe(100);
    const rows = await rowsOf(ids);
    expect(rows).toHaveLength(100);
    expect(new Set(rows.map(({ job_name }) => job_name)).size).toBe(100);
  });

  it('are not failed by a bad neighbour', async () => {
    // Its sandbox was there when it was checked, and is gone when it is stored.
    const checked = Object.assign(Object.create(stages.sandboxes) as Sandboxes, { problemsOf: async () => [] });
    const late = new Submission(stages.configuration, checked, new WaitingJobs(stages.database), stages.register);
    const gone = (await announceSandbox(stages, 'gone')).replace(/[0-9a-f]{64}/, 'e'.repeat(64));
    const outcomes = await Promise.allSettled([
      late.submitJsons(jdoe, [hello]),
      late.submitJsons(jdoe, [{ ...hello, input_sandbox: [gone] }]),
      late.submitJsons(jdoe, [hello]),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});
