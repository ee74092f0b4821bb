import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/server.js';
import { Wire, type WireAnswer, wireTime } from './wire.js';

type Row = Record<string, unknown>;
let server: TestServer;
let wire: Wire;
let ids: number[];
beforeAll(async () => {
  server = await startServer();
  wire = new Wire(server);
  const jdls = Array.from({ length: 12 }, (_, at) => {
    const name = at < 6 ? `T${at}` : at < 10 ? `p_${at - 6}` : 'other';
    return `Executable="x"; JobName="${name}"; JobGroup="${at % 2 === 0 ? 'even' : 'odd'}";`;
  });
  ids = await wire.submit(...jdls);
});
afterAll(() => server.close());

const search = (body?: unknown, query = ''): Promise<WireAnswer> =>
  wire.send('U', `POST /api/jobs/search${query}`, body);
const one = (parameter: string, operator: string, value: unknown) => ({
  search: [{ parameter, operator, ...(Array.isArray(value) ? { values: value } : { value }) }],
});
async function found(parameter: string, operator: string, value: unknown): Promise<number[]> {
  const { status, json } = await search(one(parameter, operator, value));
  expect(status).toBe(200);
  return (json as { JobID: number }[]).map(({ JobID }) => JobID);
}
async function refused(body: unknown, status: number, detail?: string): Promise<void> {
  const reply = await search(body);
  expect(reply.status).toBe(status);
  if (detail !== undefined) expect((reply.json as { detail: string }).detail).toContain(detail);
}

const columns = (
  'JobID JobType JobGroup Site JobName Owner OwnerGroup VO SubmissionTime RescheduleTime LastUpdateTime ' +
  'StartExecTime HeartBeatTime EndExecTime Status MinorStatus ApplicationStatus UserPriority RescheduleCounter ' +
  'VerifiedFlag AccountedFlag'
).split(' ');

describe('DiracX: a page of jobs', () => {
  it('23: without a body has all 21 columns in order, null times and booleans', async () => {
    const { status, headers, json } = await search();
    expect(status).toBe(200);
    expect(headers.get('content-range')).toBeNull();
    const [row] = json as Row[];
    expect(Object.keys(row ?? {})).toEqual(columns);
    expect(row).toMatchObject({ JobID: ids[0], Owner: 'jdoe', OwnerGroup: 'lhcb_user', VO: 'lhcb' });
    expect(row).toMatchObject({ StartExecTime: null, HeartBeatTime: null, EndExecTime: null, RescheduleTime: null });
    expect(row).toMatchObject({ UserPriority: 1, RescheduleCounter: 0, VerifiedFlag: true, AccountedFlag: false });
    expect(row?.SubmissionTime).toMatch(wireTime);
    expect(row?.LastUpdateTime).toMatch(wireTime);
  });

  it('23: an empty body that calls itself JSON is no body', async () => {
    const { status, json } = await search('');
    expect(status).toBe(200);
    expect(json).toHaveLength(12);
  });

  it('24: of two rows among twelve is 206 with its range', async () => {
    const { status, headers, json } = await search({}, '?page=1&per_page=2');
    expect([status, headers.get('content-range')]).toEqual([206, 'jobs 0-1/12']);
    expect(json).toHaveLength(2);
  });

  it('24: that is the last one is 206 too', async () => {
    const { status, headers, json } = await search({}, '?page=3&per_page=4');
    expect([status, headers.get('content-range')]).toEqual([206, 'jobs 8-11/12']);
    expect(json).toHaveLength(4);
  });

  it('24: beyond the end is 416 with the total and an empty list', async () => {
    const { status, headers, text } = await search({}, '?page=99&per_page=4');
    expect([status, headers.get('content-range'), text]).toEqual([416, 'jobs */12', '[]']);
  });

  it('24: that holds everything is 200 without a range, and so is an empty result', async () => {
    for (const body of [{}, one('JobName', 'eq', 'nobody')]) {
      const { status, headers } = await search(body, '?per_page=12');
      expect([status, headers.get('content-range')]).toEqual([200, null]);
    }
  });

  it.each([
    ['page=0', 'page'],
    ['page=x', 'page'],
    ['per_page=0', 'per_page'],
    ['per_page=10001', 'per_page'],
  ])('25: with %s is refused, naming the parameter', async (query, name) => {
    const { status, json } = await search({}, `?${query}`);
    expect(status).toBe(422);
    expect((json as { detail: { loc: string[] }[] }).detail[0]?.loc).toEqual(['query', name]);
  });

  it('25: may have ten thousand rows', async () => {
    expect((await search({}, '?per_page=10000')).status).toBe(200);
  });

  it('26: has the columns that were asked for, in the order of the row', async () => {
    const { json } = await search({ parameters: ['Status', 'JobID'] });
    expect(Object.keys((json as Row[])[0] ?? {})).toEqual(['JobID', 'Status']);
    for (const parameters of [[], null]) {
      expect(Object.keys(((await search({ parameters })).json as Row[])[0] ?? {})).toEqual(columns);
    }
  });

  it('26: has the history on request, with the id at least', async () => {
    const alone = (await search({ parameters: ['LoggingInfo'] })).json as Row[];
    expect(Object.keys(alone[0] ?? {})).toEqual([...columns, 'LoggingInfo']);
    const some = (await search({ parameters: ['LoggingInfo', 'Status'] })).json as Row[];
    expect(Object.keys(some[0] ?? {})).toEqual(['JobID', 'Status', 'LoggingInfo']);
    const [entry] = (alone[0]?.LoggingInfo ?? []) as Row[];
    expect(Object.keys(entry ?? {})).toEqual(['Status', 'MinorStatus', 'ApplicationStatus', 'StatusTime', 'Source']);
    expect(entry?.StatusTime).toMatch(wireTime);
  });

  it('26: with an unknown column is refused', async () => {
    await refused({ parameters: ['Nope'] }, 400, "Unrecognised parameters requested {'Nope'}");
    await refused(one('Nope', 'eq', '1'), 400, 'Unknown column Nope');
  });

  it('30: is sorted by known columns only, up or down', async () => {
    const { json } = await search({ sort: [{ parameter: 'JobID', direction: 'desc' }] }, '?per_page=25');
    expect((json as { JobID: number }[]).map(({ JobID }) => JobID)).toEqual(ids.toReversed());
    await refused({ sort: [{ parameter: 'Nope', direction: 'asc' }] }, 400, 'Cannot sort by Nope: unknown column');
    await refused({ sort: [{ parameter: 'JobID', direction: 'up' }] }, 422);
  });

  it('30: can be made of distinct rows', async () => {
    const { json } = await search({ distinct: true, parameters: ['JobGroup'] });
    expect((json as Row[]).toSorted((a, b) => (String(a.JobGroup) < String(b.JobGroup) ? -1 : 1))).toEqual([
      { JobGroup: 'even' },
      { JobGroup: 'odd' },
    ]);
  });

  it('1.4: is not for pilots, and shows no other VO', async () => {
    expect((await wire.send('P', 'POST /api/jobs/search', {})).status).toBe(403);
    // In DiracX a user may see the jobs of other VOs; here every right stops at the VO.
    expect((await wire.send('X', 'POST /api/jobs/search', {})).json).toEqual([]);
  });
});

describe('DiracX: a condition', () => {
  it('27: takes numbers as texts too', async () => {
    const [first = 0, second = 0] = ids;
    for (const value of [first, String(first)]) expect(await found('JobID', 'eq', value)).toEqual([first]);
    for (const values of [
      [first, second],
      [String(first), String(second)],
    ]) {
      expect(await found('JobID', 'in', values)).toEqual([first, second]);
    }
    expect(await found('JobID', 'gt', String(ids[9]))).toEqual(ids.slice(10));
    expect(await found('JobID', 'in', [])).toEqual([]);
    expect(await found('JobID', 'eq', 'abc')).toEqual([]);
  });

  it('27: may carry what belongs to the other kind', async () => {
    const spec = { parameter: 'JobID', operator: 'eq', value: ids[0], values: null };
    expect((await search({ search: [spec] })).json).toHaveLength(1);
  });

  it('28: finds by pattern without regard to case, and by regular expression anywhere in the text', async () => {
    expect(await found('JobName', 'like', 't%')).toEqual(ids.slice(0, 6));
    expect(await found('JobName', 'not like', 'T%')).toEqual(ids.slice(6));
    expect(await found('JobName', 'regex', '^p_[01]')).toEqual(ids.slice(6, 8));
    expect(await found('JobName', 'regex', 'the')).toEqual(ids.slice(10));
    // DiracX fails on a regular expression for a number, here it is compared with its digits.
    expect(await found('JobID', 'regex', `^${ids[0]}$`)).toEqual([ids[0]]);
  });

  it('28: that makes no sense is refused', async () => {
    await refused(one('JobName', 'regex', '['), 400, 'Invalid regex [');
    const unknown = await search(one('JobName', 'zz', 'x'));
    expect(unknown.status).toBe(422);
    const { detail } = unknown.json as { detail: { loc: unknown[]; msg: string }[] };
    expect(detail[0]).toMatchObject({
      loc: ['body', 'search', 0, 'operator'],
      msg: expect.stringContaining('"not like"'),
    });
    await refused({ search: [{ parameter: 'JobID', operator: 'in' }] }, 422);
    for (const value of [null, 1.5]) await refused({ search: [{ parameter: 'JobID', operator: 'eq', value }] }, 422);
  });

  it('29: on a time means the period that the text names', async () => {
    const time = String((await wire.row(ids[0] ?? 0)).SubmissionTime);
    for (const length of [4, 7, 10, 13, 16]) {
      const part = time.slice(0, length);
      expect(await found('SubmissionTime', 'eq', part)).toEqual(ids);
      expect(await found('SubmissionTime', 'eq', part.replace('T', ' '))).toEqual(ids);
      expect(await found('SubmissionTime', 'gt', part)).toEqual([]);
      expect(await found('SubmissionTime', 'lt', part)).toEqual([]);
    }
    expect(await found('SubmissionTime', 'gt', '2020-01-01T00:00:00.123Z')).toEqual(ids);
    expect(await found('StartExecTime', 'neq', '2020')).toEqual([]);
  });

  it('29: on a time takes any ISO 8601, unlike DiracX', async () => {
    // DiracX refuses a Z without a fraction and every offset, and fails on month 13.
    expect(await found('SubmissionTime', 'gt', '2020-01-01T00:00:00Z')).toEqual(ids);
    expect(await found('SubmissionTime', 'gt', '2020-01-01T00:00:00+02:00')).toEqual(ids);
    await refused(one('SubmissionTime', 'eq', '2026-13'), 400, "Cannot parse value='2026-13'");
  });

  it('29: on a time is refused when it is no time, of mixed kinds, or a pattern', async () => {
    await refused(one('SubmissionTime', 'eq', 'yesterday'), 400, "Cannot parse value='yesterday'");
    await refused(one('SubmissionTime', 'in', ['2026', '2026-11']), 400, 'Cannot mix different time resolutions in');
    const text = "Operator 'like' is not supported for partial datetime values";
    await refused(one('SubmissionTime', 'like', '2026%'), 400, text);
  });

  it('1.4: on a flag takes what the reply shows, where DiracX fails', async () => {
    expect(await found('VerifiedFlag', 'eq', true)).toEqual(ids);
    expect(await found('VerifiedFlag', 'eq', 'True')).toEqual(ids);
    expect(await found('AccountedFlag', 'eq', 'Failed')).toEqual([]);
  });

  it('1.4: on the stamp of a pilot stands alone, by eq or in', async () => {
    expect(await found('PilotStamp', 'eq', 'nobody')).toEqual([]);
    await refused(one('PilotStamp', 'like', 'x'), 400);
    const both = [...one('PilotStamp', 'eq', 'x').search, ...one('JobID', 'eq', 1).search];
    const text = "Cannot combine 'PilotStamp' pseudo-parameter with a real 'JobID' filter in the same request.";
    await refused({ search: both }, 400, text);
  });
});

describe('DiracX: a summary', () => {
  const summary = (body: unknown) => wire.send('U', 'POST /api/jobs/summary', body);

  it('31: counts by groups, the count last', async () => {
    const { status, headers, json } = await summary({ grouping: ['Status', 'JobGroup'] });
    expect([status, headers.get('content-range')]).toEqual([200, null]);
    const rows = json as Row[];
    expect(Object.keys(rows[0] ?? {})).toEqual(['JobGroup', 'Status', 'count']);
    expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(12);
  });

  it('31: writes UTC as +00:00, and booleans as booleans', async () => {
    const { json } = await summary({ grouping: ['SubmissionTime', 'VerifiedFlag'] });
    const [row] = json as Row[];
    expect(row?.SubmissionTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/);
    expect(row?.VerifiedFlag).toBe(true);
  });

  it('31: wants a grouping, which may be empty', async () => {
    expect((await summary({})).status).toBe(422);
    expect((await summary({ grouping: [] })).json).toHaveLength(12);
  });

  it('31: knows its columns only', async () => {
    for (const body of [{ grouping: ['Nope'] }, { grouping: ['Status'], ...one('PilotStamp', 'eq', 'x') }]) {
      expect((await summary(body)).status).toBe(400);
    }
  });

  it('31: of nothing is empty', async () => {
    expect((await summary({ grouping: ['Status'], ...one('JobName', 'eq', 'nobody') })).text).toBe('[]');
  });
});
