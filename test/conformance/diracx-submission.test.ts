import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/server.js';
import { Wire, wireTime } from './wire.js';

let server: TestServer;
let wire: Wire;
beforeAll(async () => {
  server = await startServer();
  wire = new Wire(server);
});
afterAll(() => server.close());

const submit = (who: 'U' | 'A' | 'P', body: unknown, headers?: Record<string, string>) =>
  wire.send(who, 'POST /api/jobs/jdl', body, headers);
const plain = 'Executable="x";';

describe('DiracX: submission', () => {
  it('20: one JDL is answered by 201 and one accepted job, received at a UTC time', async () => {
    const { status, headers, json } = await submit('U', [plain]);
    expect(status).toBe(201);
    expect(headers.get('content-type')).toMatch(/^application\/json/);
    const [job] = json as Record<string, unknown>[];
    expect(Object.keys(job ?? {})).toEqual(['JobID', 'Status', 'MinorStatus', 'TimeStamp']);
    expect(job).toMatchObject({ JobID: expect.any(Number), Status: 'Received', MinorStatus: 'Job accepted' });
    expect(job?.TimeStamp).toMatch(wireTime);
  });

  it('20: the first line of the history says the same, from the JobManager', async () => {
    const { LoggingInfo } = await wire.row(await wire.job());
    expect(LoggingInfo[0]).toMatchObject({
      Status: 'Received',
      MinorStatus: 'Job accepted',
      ApplicationStatus: 'Unknown',
      Source: 'JobManager',
    });
  });

  it('21: three JDLs are three ids in order, with one time for all', async () => {
    const { status, json } = await submit('U', ['[ Executable = "a"; ]', plain, plain]);
    expect(status).toBe(201);
    const jobs = json as { JobID: number; TimeStamp: string }[];
    const ids = jobs.map(({ JobID }) => JobID);
    expect(ids).toHaveLength(3);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    expect(new Set(jobs.map(({ TimeStamp }) => TimeStamp)).size).toBe(1);
  });

  it('21: a parametric JDL is as many jobs as it has parameters', async () => {
    const { status, json } = await submit('U', ['Executable="x"; Parameters = 3;']);
    expect(status).toBe(201);
    // DiracX answers Submitting, and no route of it ever confirms such jobs; here they wait at once, as plain ones do.
    const received = { Status: 'Received', MinorStatus: 'Job accepted' };
    expect(json).toMatchObject([received, received, received]);
  });

  it.each([
    ['more than twenty jobs', Array.from({ length: 21 }, () => plain)],
    ['more than twenty after expansion', ['Executable="x"; Parameters = 21;']],
  ])('21: %s are refused', async (_, body) => {
    const { status, json } = await submit('U', body);
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: 'Normal user cannot submit more than 20 jobs at once' });
  });

  it('21: a parametric JDL comes alone', async () => {
    const { status, json } = await submit('U', ['Executable="x"; Parameters = 2;', plain]);
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: 'You cannot submit parametric jobs in a bulk fashion' });
  });

  it.each([
    ['no JDL at all', []],
    ['a JDL that cannot be read', ['Executable = "x']],
    ['an unknown type of job', ['Executable="x"; JobType="zz";']],
    ['a CPU time that is no number', ['Executable="x"; CPUTime="zz";']],
    // DiracX answers 500 to the next two, and accepts the last two.
    ['no parameter', ['Executable="x"; Parameters = 0;']],
    ['parameter lists of different length', ['Executable="x"; Parameters.A = {1,2}; Parameters.B = {1};']],
    ['an empty JDL', ['']],
    ['a JDL without an executable', ['JobName="x";']],
  ])('21: %s is refused by 400, with the reason as a text', async (_, body) => {
    const { status, json } = await submit('U', body);
    expect(status).toBe(400);
    // DiracX says "JDL syntax error" to all of these; the text here names what is wrong.
    expect((json as { detail: unknown }).detail).toEqual(expect.any(String));
  });

  it.each([['{"a": 1}'], ['"Executable=x"'], ['[1]']])(
    '21: a body that is no list of texts, %s, is refused by 422',
    async (body) => {
      const { status, json } = await submit('U', body);
      expect(status).toBe(422);
      expect((json as { detail: { loc: unknown[] }[] }).detail[0]?.loc[0]).toBe('body');
    },
  );

  it('21: JSON that does not say so is not read as JSON', async () => {
    const { status } = await submit('U', JSON.stringify([plain]), { 'content-type': 'text/plain' });
    expect(status).toBe(422);
  });

  it('21: the columns are those of the JDL, or their defaults', async () => {
    const [given = 0, bare = 0] = await wire.submit(
      'Executable="x"; JobName="n"; JobGroup="g"; JobType="Test"; Priority=3; Owner="somebody";',
      plain,
    );
    expect(await wire.row(given)).toMatchObject({
      JobName: 'n',
      JobGroup: 'g',
      JobType: 'Test',
      UserPriority: 3,
      Owner: 'jdoe',
    });
    // DiracX writes `user` where no type is given; here it is spelt as in the list of allowed types.
    const row = await wire.row(bare);
    expect(row).toMatchObject({ JobName: 'Unknown', JobGroup: '00000000', Site: 'ANY', UserPriority: 1 });
    expect(String(row.JobType).toLowerCase()).toBe('user');
  });

  it('21: the VO is that of the token, whatever a JDL says', async () => {
    // DiracX refuses another VO as a syntax error, and another owner silently gives way; here both give way.
    const [id = 0] = await wire.submit('Executable="x"; VirtualOrganization="other"; OwnerGroup="other";');
    expect(await wire.row(id)).toMatchObject({ VO: 'lhcb', OwnerGroup: 'lhcb_user' });
  });

  it.each(['CPUTime = 10', 'CPUTime = 500001', 'Priority = 11'])(
    '21: %s is refused, with its limits',
    async (number) => {
      // DiracX cuts such numbers silently, and the job gets other resources than it asked for.
      const { status, json } = await submit('U', [`Executable="x"; ${number};`]);
      expect(status).toBe(400);
      expect((json as { detail: string }).detail).toMatch(/is outside \d+ to \d+/);
    },
  );

  it('22: without NormalUser nobody submits', async () => {
    for (const who of ['A', 'P'] as const) {
      const { status, json } = await submit(who, [plain]);
      expect(status).toBe(403);
      expect(json).toMatchObject({ detail: 'Forbidden' });
    }
  });

  it('6.4: the tries of one operation of the client make one job', async () => {
    const headers = {
      'x-ms-client-request-id': '5b2f8a52-7f0d-11f0-9a3b-02420a000001',
      'diracx-client-version': '0.0.20',
    };
    const first = await submit('U', [plain], headers);
    const second = await submit('U', [plain], headers);
    expect(second.status).toBe(201);
    expect(second.json).toEqual(first.json);
  });
});
