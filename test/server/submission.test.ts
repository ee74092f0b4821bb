import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let user: Api;
let administrator: Api;
beforeAll(async () => {
  server = await startServer();
  user = new Api(server, server.tokenFor());
  administrator = new Api(server, server.tokenFor({ group: 'lhcb_admin', user: 'root' }));
});
afterAll(() => server.close());

describe('POST /api/jobs/jdl', () => {
  it('answers 201 with one entry per job, in order', async () => {
    const { status, body } = await user.post('/api/jobs/jdl', ['Executable="x";', '[Executable="y";]']);
    expect(status).toBe(201);
    const entry = {
      JobID: expect.any(Number),
      Status: 'Received',
      MinorStatus: 'Job accepted',
      TimeStamp: expect.stringMatching(/Z$/),
    };
    expect(body).toEqual([entry, entry]);
    const [first, second] = body as { JobID: number }[];
    expect(second?.JobID).toBeGreaterThan(first?.JobID ?? 0);
  });

  it('answers 400 with DiracX’s texts as a plain detail and our code', async () => {
    const many = await user.post(
      '/api/jobs/jdl',
      Array.from({ length: 100 }, () => 'Executable="x";'),
    );
    expect(many).toMatchObject({
      status: 400,
      body: { detail: 'Normal user cannot submit more than 20 jobs at once', code: 'too-many-jobs' },
    });
    const syntax = await user.post('/api/jobs/jdl', ['Executable="x']);
    expect(syntax).toMatchObject({ status: 400, body: { detail: expect.stringMatching(/^JDL syntax error/) } });
    expect((await user.post('/api/jobs/jdl', [])).status).toBe(400);
    expect((await user.post('/api/jobs/jdl', { jdl: 'x' })).status).toBe(422);
  });

  it('is for users with NormalUser only', async () => {
    const refused = await administrator.post('/api/jobs/jdl', ['Executable="x";']);
    expect(refused).toMatchObject({ status: 403, body: { detail: 'Forbidden' } });
  });

  it('takes the request id of DiracX’s client as an idempotency key', async () => {
    const headers = { 'x-ms-client-request-id': '5b6a0e0c-1f6f-4b53-9d43-2f7b0a3f2a11' };
    const first = await user.post('/api/jobs/jdl', ['Executable="x";'], headers);
    const again = await user.post('/api/jobs/jdl', ['Executable="x";'], headers);
    expect(again.body).toEqual(first.body);
  });
});

describe('POST /api/jobs', () => {
  it('accepts JSON descriptions, parametric ones among them', async () => {
    const { status, body } = await user.post('/api/jobs', {
      jobs: [{ executable: 'x' }, { executable: 'y', arguments: '%s', parametric: { values: ['a', 'b'] } }],
    });
    expect(status).toBe(201);
    expect((body as { jobs: unknown[] }).jobs).toHaveLength(3);
  });

  it('answers problem details that list every problem', async () => {
    const { status, headers, body } = await user.post('/api/jobs', {
      jobs: [{ executable: '' }, { executable: 'x', priority: 77, max_ram: 4 }],
    });
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    const { code, problems } = body as { code: string; problems: { path: string }[] };
    expect(code).toBe('invalid-description');
    expect(problems.map(({ path }) => path)).toEqual(['jobs[0].executable', 'jobs[1].priority', 'jobs[1].max_ram']);
  });

  it('answers 409 to a key that came with another body', async () => {
    const headers = { 'idempotency-key': 'one key' };
    await user.post('/api/jobs', { jobs: [{ executable: 'x' }] }, headers);
    const other = await user.post('/api/jobs', { jobs: [{ executable: 'y' }] }, headers);
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-conflict' } });
  });
});
