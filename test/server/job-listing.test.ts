import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api, type RawReply } from '../support/api.js';
import { insertManyJobs } from '../support/many-jobs.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let alice: Api;
let biomed: Api;
let ids: number[];
beforeAll(async () => {
  server = await startServer();
  alice = new Api(server, server.tokenFor());
  biomed = new Api(server, server.tokenFor({ vo: 'biomed', group: 'biomed_user', user: 'zoe' }));
  ids = await alice.submit(...Array.from({ length: 12 }, () => ({ executable: 'x' })));
  await biomed.submit({ executable: 'foreign' });
});
afterAll(() => server.close());

describe('a listing', () => {
  const list = (body: unknown, who = alice): Promise<RawReply> => who.post('/api/jobs/list', body);
  const idsOf = ({ body }: RawReply): number[] =>
    (body as { jobs: { JobID: number }[] }).jobs.map(({ JobID }) => JobID);

  it('gives all jobs stretch by stretch, the newest first', async () => {
    const first = await list({ limit: 5, total: true, parameters: ['JobID', 'Status'] });
    expect(first).toMatchObject({ status: 200, body: { total: 12, next: expect.any(String) } });
    expect((first.body as { jobs: unknown[] }).jobs[0]).toEqual({ JobID: ids[11], Status: 'Waiting' });
    const { next } = first.body as { next: string };
    const second = await list({ limit: 7, cursor: next });
    expect(second.body).toMatchObject({ total: null, next: null });
    expect([...idsOf(first), ...idsOf(second)]).toEqual(ids.toReversed());
    expect(idsOf(await list({ sort: { parameter: 'SubmissionTime', direction: 'asc' } }))).toEqual(ids);
  });

  it('refuses what is no cursor, and orders that no index has', async () => {
    expect(await list({ cursor: 'x' })).toMatchObject({ status: 400, body: { code: 'invalid-cursor' } });
    expect((await list({ sort: { parameter: 'JobName' } })).status).toBe(422);
    expect((await list({ limit: 0 })).status).toBe(422);
    expect(await list({ parameters: ['Nope'] })).toMatchObject({ status: 400, body: { code: 'unknown-column' } });
  });

  it('shows no job of another VO, not even with a cursor of one who may see it', async () => {
    expect((await list({ total: true }, biomed)).body).toMatchObject({ jobs: [{ VO: 'biomed' }], total: 1 });
    const { next } = (await list({ limit: 5 })).body as { next: string };
    const foreign = await list({ limit: 20, cursor: next }, biomed);
    expect(idsOf(foreign).filter((id) => ids.includes(id))).toEqual([]);
  });
});

describe('a search that takes too long', () => {
  it('is refused with a code and what to do, on all routes', async () => {
    const hasty = await startServer({ config: { searchSeconds: 0.02 } });
    await insertManyJobs(hasty.database, 'lhcb', 5_000);
    const api = new Api(hasty, hasty.tokenFor());
    const condition = { parameter: 'JobName', operator: 'regex', value: '^t(e|s)*t[0-9]+$' };
    const search = [...Array.from({ length: 100 }, () => condition), { ...condition, value: 'nobody' }];
    const told = { status: 400, body: { code: 'search-deadline', detail: expect.stringContaining('narrow it') } };
    expect(await api.post('/api/jobs/search', { search })).toMatchObject(told);
    expect(await api.post('/api/jobs/list', { search })).toMatchObject(told);
    expect(await api.post('/api/jobs/summary', { grouping: ['JobName'], search })).toMatchObject(told);
    await hasty.close();
  });
});
