import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobColumns } from '../../src/contract/index.js';
import { Api, type RawReply } from '../support/api.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let alice: Api;
let biomed: Api;
let ids: number[];
beforeAll(async () => {
  server = await startServer();
  alice = new Api(server, server.tokenFor());
  biomed = new Api(server, server.tokenFor({ vo: 'biomed', group: 'biomed_user', user: 'zoe' }));
  const jobs = Array.from({ length: 12 }, (_, at) => ({
    executable: 'x',
    job_name: `Test_${at}`,
    job_group: at < 4 ? 'g1' : 'g2',
    priority: at % 3,
  }));
  ids = await alice.submit(...jobs);
  await biomed.submit({ executable: 'foreign' });
});
afterAll(() => server.close());

const search = (body?: unknown, query = ''): Promise<RawReply> => alice.post(`/api/jobs/search${query}`, body);
const where = (parameter: string, operator: string, value: unknown): unknown => ({
  search: [{ parameter, operator, ...(Array.isArray(value) ? { values: value } : { value }) }],
});
async function found(parameter: string, operator: string, value: unknown): Promise<number[]> {
  const { status, body } = await search(where(parameter, operator, value));
  expect(status).toBe(200);
  return (body as { JobID: number }[]).map(({ JobID }) => JobID);
}

describe('a page of jobs', () => {
  it('has all columns in DiracX’s order, booleans as booleans and null times', async () => {
    const { status, headers, body } = await search();
    expect(status).toBe(200);
    expect(headers.get('content-range')).toBeNull();
    const [row] = body as Record<string, unknown>[];
    expect(Object.keys(row ?? {})).toEqual([...jobColumns]);
    expect(row).toMatchObject({
      VerifiedFlag: true,
      AccountedFlag: false,
      StartExecTime: null,
      VO: 'lhcb',
      Owner: 'alice',
    });
    expect(row?.SubmissionTime).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('says its range, and 416 beyond the end', async () => {
    const range = async (query: string): Promise<[number, string | null, number]> => {
      const { status, headers, body } = await search({}, query);
      return [status, headers.get('content-range'), (body as unknown[]).length];
    };
    expect(await range('?per_page=2')).toEqual([206, 'jobs 0-1/12', 2]);
    expect(await range('?page=3&per_page=4')).toEqual([206, 'jobs 8-11/12', 4]);
    expect(await range('?page=2&per_page=10')).toEqual([206, 'jobs 10-11/12', 2]);
    expect(await range('?page=99')).toEqual([416, 'jobs */12', 0]);
    expect(await range('?per_page=12')).toEqual([200, null, 12]);
    expect((await search({}, '?page=0')).body).toMatchObject({ detail: [{ loc: ['query', 'page'] }] });
    expect((await search({}, '?per_page=10001')).status).toBe(422);
    expect((await search({}, '?per_page=10000')).status).toBe(200);
  });

  it('holds the columns that were asked for, in column order', async () => {
    const { body } = await search({ parameters: ['Status', 'JobID'], search: [] });
    expect(Object.keys((body as object[])[0] ?? {})).toEqual(['JobID', 'Status']);
    expect(await search({ parameters: ['Nope'] })).toMatchObject({
      status: 400,
      body: { detail: "Unrecognised parameters requested {'Nope'}" },
    });
  });

  it('is sorted as asked', async () => {
    const sort = [
      { parameter: 'UserPriority', direction: 'desc' },
      { parameter: 'JobID', direction: 'desc' },
    ];
    const { body } = await search({ parameters: ['JobID', 'UserPriority'], sort });
    const rows = body as { JobID: number; UserPriority: number }[];
    const sorted = rows.toSorted((a, b) => b.UserPriority - a.UserPriority || b.JobID - a.JobID);
    expect(rows).toEqual(sorted);
    expect((await search({ sort: [{ parameter: 'Nope', direction: 'asc' }] })).status).toBe(400);
    expect((await search({ sort: [{ parameter: 'JobID', direction: 'up' }] })).status).toBe(422);
  });

  it('shows distinct rows', async () => {
    const { body } = await search({ parameters: ['JobGroup'], distinct: true });
    expect(body).toHaveLength(2);
  });

  it('brings the history on request: alone with the whole row, else with the id', async () => {
    const alone = (await search({ parameters: ['LoggingInfo'], ...(where('JobID', 'eq', ids[0]) as object) }))
      .body as object[];
    expect(Object.keys(alone[0] ?? {})).toEqual([...jobColumns, 'LoggingInfo']);
    expect(alone[0]).toMatchObject({
      LoggingInfo: [
        { Status: 'Received', MinorStatus: 'Job accepted', ApplicationStatus: 'Unknown', Source: 'JobManager' },
        { Status: 'Waiting' },
      ],
    });
    const { body } = await search({ parameters: ['LoggingInfo', 'Status'] });
    expect(Object.keys((body as object[])[0] ?? {})).toEqual(['JobID', 'Status', 'LoggingInfo']);
  });
});

describe('a condition', () => {
  it('takes numbers as numbers and as texts', async () => {
    const [first = 0, second = 0] = ids;
    expect(await found('JobID', 'eq', String(first))).toEqual([first]);
    expect(await found('JobID', 'eq', first)).toEqual([first]);
    expect(await found('JobID', 'in', [String(first), String(second)])).toEqual([first, second]);
    expect(await found('JobID', 'in', [first, second])).toEqual([first, second]);
    expect(await found('JobID', 'in', [])).toEqual([]);
    expect(await found('JobID', 'eq', 'abc')).toEqual([]);
    expect(await found('JobID', 'gt', String(ids[10]))).toEqual([ids[11]]);
  });

  it('finds by pattern and by regular expression', async () => {
    expect(await found('JobName', 'like', 'test\\_1%')).toEqual([ids[1], ids[10], ids[11]]);
    expect(await found('JobName', 'regex', '^Test_[01]$')).toEqual([ids[0], ids[1]]);
    expect(await search(where('JobName', 'regex', '['))).toMatchObject({
      status: 400,
      body: { detail: 'Invalid regex [' },
    });
  });

  it('of an unknown kind is refused', async () => {
    expect((await search(where('JobID', 'zz', 1))).status).toBe(422);
    expect((await search({ search: [{ parameter: 'JobID', operator: 'in' }] })).status).toBe(422);
    expect(await search(where('Nope', 'eq', 'x'))).toMatchObject({
      status: 400,
      body: { detail: 'Unknown column Nope' },
    });
  });

  it('on a time means the period that the text names', async () => {
    const { body } = await search({ parameters: ['SubmissionTime'], ...(where('JobID', 'eq', ids[0]) as object) });
    const time = (body as { SubmissionTime: string }[])[0]?.SubmissionTime ?? '';
    for (const length of [4, 7, 10, 13, 16, 19]) {
      expect(await found('SubmissionTime', 'eq', time.slice(0, length))).toContain(ids[0]);
      expect(await found('SubmissionTime', 'neq', time.slice(0, length))).not.toContain(ids[0]);
      expect(await found('SubmissionTime', 'lt', time.slice(0, length))).toEqual([]);
    }
    expect(await found('SubmissionTime', 'gt', time.slice(0, 10))).toEqual([]);
    expect(await found('SubmissionTime', 'gt', '2020-01-01T00:00:00.123Z')).toHaveLength(12);
    expect((await search(where('SubmissionTime', 'eq', 'yesterday'))).status).toBe(400);
    expect((await search(where('SubmissionTime', 'like', '2026%'))).status).toBe(400);
  });

  it('on flags takes booleans and texts', async () => {
    expect(await found('VerifiedFlag', 'eq', true)).toHaveLength(12);
    expect(await found('VerifiedFlag', 'eq', 'False')).toEqual([]);
    expect(await found('AccountedFlag', 'eq', 'False')).toHaveLength(12);
  });

  it('on PilotStamp names the jobs of a pilot, and is refused where it makes no sense', async () => {
    expect(await found('PilotStamp', 'eq', 'f'.repeat(32))).toEqual([]);
    expect((await search(where('PilotStamp', 'neq', 'x'))).status).toBe(400);
    const both = {
      search: [
        { parameter: 'PilotStamp', operator: 'eq', value: 'x' },
        { parameter: 'JobID', operator: 'eq', value: 1 },
      ],
    };
    expect(await search(both)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("Cannot combine 'PilotStamp' pseudo-parameter") },
    });
  });

  it('cannot be used to inject SQL', async () => {
    const nasty = `') OR 1=1 -- `;
    expect(await found('JobName', 'eq', nasty)).toEqual([]);
    expect(await found('JobName', 'not in', [nasty])).toHaveLength(12);
    expect((await search({ parameters: ['JobID`, (SELECT 1)'] })).status).toBe(400);
  });
});

describe('a summary', () => {
  const summary = (body: unknown): Promise<RawReply> => alice.post('/api/jobs/summary', body);

  it('counts by groups, the count last', async () => {
    const { status, body } = await summary({ grouping: ['Status', 'JobGroup'] });
    expect(status).toBe(200);
    const rows = body as Record<string, unknown>[];
    expect(Object.keys(rows[0] ?? {})).toEqual(['JobGroup', 'Status', 'count']);
    expect(rows.toSorted((a, b) => String(a.JobGroup).localeCompare(String(b.JobGroup)))).toEqual([
      { JobGroup: 'g1', Status: 'Waiting', count: 4 },
      { JobGroup: 'g2', Status: 'Waiting', count: 8 },
    ]);
    const times = (await summary({ grouping: ['SubmissionTime'] })).body as { SubmissionTime: string }[];
    expect(times[0]?.SubmissionTime).toMatch(/\+00:00$/);
  });

  it('is empty when nothing matches, and refuses what it does not know', async () => {
    expect(
      (await summary({ grouping: ['Status'], search: [{ parameter: 'Owner', operator: 'eq', value: 'nobody' }] })).body,
    ).toEqual([]);
    expect((await summary({})).status).toBe(422);
    expect(await summary({ grouping: ['PilotStamp'] })).toMatchObject({
      status: 400,
      body: { detail: 'Unknown column PilotStamp' },
    });
  });
});

describe('jobs of others', () => {
  it('of another VO are never seen', async () => {
    const { body } = await biomed.post('/api/jobs/search', {});
    expect((body as { VO: string }[]).map(({ VO }) => VO)).toEqual(['biomed']);
    const summary = await biomed.post('/api/jobs/summary', { grouping: ['VO'] });
    expect(summary.body).toEqual([{ VO: 'biomed', count: 1 }]);
    for (const path of ['', '/jdl', '/peek']) {
      expect(await biomed.get(`/api/jobs/${ids[0]}${path}`)).toMatchObject({
        status: 404,
        body: { code: 'job-not-found' },
      });
    }
  });

  it('of the own VO are seen, unless the VO says otherwise', async () => {
    const bob = new Api(server, server.tokenFor({ user: 'bob' }));
    expect((await bob.post('/api/jobs/search', {})).body).toHaveLength(12);
    const closed = await startServer({ configuration: { vos: { lhcb: { see_all_jobs: false } } } });
    const [own] = await new Api(closed, closed.tokenFor()).submit({ executable: 'x' });
    const other = new Api(closed, closed.tokenFor({ user: 'bob' }));
    expect((await other.post('/api/jobs/search', {})).body).toEqual([]);
    expect((await other.get(`/api/jobs/${own}`)).status).toBe(404);
    await closed.close();
  });

  it('are not for pilots', async () => {
    const pilot = new Api(server, server.tokenFor({ group: 'lhcb_pilot' }));
    expect((await pilot.post('/api/jobs/search', {})).status).toBe(403);
  });
});

describe('one job', () => {
  it('is shown with description, attempts and history', async () => {
    const [id] = await alice.submit({ executable: 'x', arguments: '%s of %j', parametric: { values: ['one'] } });
    const { status, body } = await alice.get(`/api/jobs/${id}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      job: { JobID: id, Status: 'Waiting' },
      description: { executable: 'x', arguments: `one of ${id}` },
      parameters: {},
      attempts: [],
      history: [{ Status: 'Received' }, { Status: 'Waiting' }],
    });
  });

  it('gives its JDL back as it came, and null when it came as JSON', async () => {
    const jdl = '[ Executable = "x"; /* kept */ ]';
    const { body } = await alice.post('/api/jobs/jdl', [jdl]);
    const id = (body as { JobID: number }[])[0]?.JobID;
    expect((await alice.get(`/api/jobs/${id}/jdl`)).body).toEqual({ jdl });
    expect((await alice.get(`/api/jobs/${ids[0]}/jdl`)).body).toEqual({ jdl: null });
  });

  it('has nothing to peek at before it runs', async () => {
    expect((await alice.get(`/api/jobs/${ids[0]}/peek`)).body).toEqual({
      text: '',
      at: null,
      status: 'Waiting',
      attempt: 0,
    });
  });

  it('that does not exist is unknown', async () => {
    expect((await alice.get('/api/jobs/999999999')).status).toBe(404);
    expect((await alice.get('/api/jobs/abc')).status).toBe(422);
  });
});
