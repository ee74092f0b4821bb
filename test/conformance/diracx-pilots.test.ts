import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/server.js';
import { type Person, Wire, wireTime } from './wire.js';

let server: TestServer;
let wire: Wire;
beforeAll(async () => {
  server = await startServer();
  wire = new Wire(server);
});
afterAll(() => server.close());

let made = 0;
const aStamp = (): string => `stamp-${(made += 1)}`;
const register = (who: Person, body: object) => wire.send(who, 'POST /api/pilots/', body);
const setMetadata = (who: Person, body: object) => wire.send(who, 'PATCH /api/pilots/metadata', body);
const search = (who: Person, body: object = {}, query = '') => wire.send(who, `POST /api/pilots/search${query}`, body);
async function aPilot(): Promise<string> {
  const stamp = aStamp();
  await register('A', { pilot_stamp: stamp, vo: 'lhcb' });
  return stamp;
}
const ofStamp = (stamp: string) => ({ search: [{ parameter: 'PilotStamp', operator: 'eq', value: stamp }] });

describe('DiracX: pilots are registered', () => {
  it('40: once, with a null as the reply', async () => {
    const pilot_stamp = aStamp();
    const first = await register('A', { pilot_stamp, vo: 'lhcb' });
    expect([first.status, first.text]).toEqual([201, 'null']);
    const { status, json } = await register('A', { pilot_stamp, vo: 'lhcb' });
    expect(status).toBe(409);
    expect(json).toMatchObject({ detail: `Pilot with stamp '${pilot_stamp}' already exists` });
  });

  it('40: also at the path without a slash', async () => {
    const reply = await wire.send('A', 'POST /api/pilots', { pilot_stamp: aStamp(), vo: 'lhcb' });
    // DiracX redirects to the path with the slash; here both are the same.
    expect(reply.status).toBe(201);
  });

  it('40: in a VO that exists', async () => {
    const { status, json } = await register('A', { pilot_stamp: aStamp(), vo: 'zz' });
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: "VO 'zz' is not registered in this installation." });
  });

  it('40: with a stamp of at most 32 characters, and no unknown keys', async () => {
    for (const more of [{ pilot_stamp: 'x'.repeat(33) }, { pilot_stamp: '' }, { mood: 1 }, { pilot_status: 'Zork' }]) {
      expect((await register('A', { pilot_stamp: aStamp(), vo: 'lhcb', ...more })).status).toBe(422);
    }
    expect((await register('A', { pilot_stamp: aStamp() })).status).toBe(422);
  });

  it('40: by a pilot for its own VO only', async () => {
    expect((await register('P', { pilot_stamp: aStamp(), vo: 'lhcb' })).status).toBe(201);
    for (const vo of ['biomed', 'zz']) {
      const { status, json } = await register('P', { pilot_stamp: aStamp(), vo });
      expect(status).toBe(403);
      expect(json).toMatchObject({ detail: 'Pilots can only be registered for your own VO.' });
    }
    // In DiracX an administrator may do so for every VO; here every right stops at the VO.
    expect((await register('A', { pilot_stamp: aStamp(), vo: 'biomed' })).status).toBe(403);
  });

  it('40: not by users', async () => {
    const { status, json } = await register('U', { pilot_stamp: aStamp(), vo: 'lhcb' });
    expect(status).toBe(403);
    expect(json).toMatchObject({ detail: 'Insufficient permissions to manage pilots.' });
  });
});

describe('DiracX: the fields of pilots', () => {
  it('40: are set without a body in the reply', async () => {
    const stamp = await aPilot();
    const fields = { Status: 'Running', BenchMark: 1.5, CurrentJobID: 1, AccountingSent: true, Queue: null };
    const { status, text } = await setMetadata('A', { [stamp]: fields });
    expect([status, text]).toEqual([204, '']);
    expect((await search('U', ofStamp(stamp))).json).toEqual([
      {
        PilotID: expect.any(Number),
        InitialJobID: 0,
        CurrentJobID: 1,
        PilotJobReference: stamp,
        PilotStamp: stamp,
        DestinationSite: 'NotAssigned',
        Queue: 'Unknown',
        GridSite: 'Unknown',
        VO: 'lhcb',
        GridType: 'DIRAC',
        BenchMark: 1.5,
        SubmissionTime: expect.stringMatching(wireTime),
        LastUpdateTime: expect.stringMatching(wireTime),
        Status: 'Running',
        StatusReason: 'Unknown',
        AccountingSent: true,
      },
    ]);
  });

  it('40: of an unknown pilot are not found', async () => {
    const { status, json } = await setMetadata('A', { [await aPilot()]: {}, nobody: {} });
    expect(status).toBe(404);
    expect(json).toMatchObject({ detail: 'At least one pilot does not exist.' });
  });

  it('40: that do not exist, or do not fit, are refused', async () => {
    for (const fields of [{ Mood: 1 }, { Status: 'Zork' }, { StatusReason: 'x'.repeat(256) }]) {
      expect((await setMetadata('A', { [await aPilot()]: fields })).status).toBe(422);
    }
  });

  it('40: are set by a pilot for one pilot of its VO', async () => {
    const [one, other] = [await aPilot(), await aPilot()];
    expect((await setMetadata('P', { [one]: { Queue: 'q' } })).status).toBe(204);
    const several = await setMetadata('P', { [one]: {}, [other]: {} });
    expect([several.status, (several.json as { detail: string }).detail]).toEqual([
      403,
      'Insufficient permissions to modify more than one pilot.',
    ]);
  });
});

describe('DiracX: a page of pilots', () => {
  it('40: shows those of the own VO, with ranges in pilots', async () => {
    await aPilot();
    await aPilot();
    const { status, headers, json } = await search('U', {}, '?per_page=1');
    expect(status).toBe(206);
    expect(headers.get('content-range')).toMatch(/^pilots 0-0\/\d+$/);
    expect(json).toMatchObject([{ VO: 'lhcb' }]);
    const beyond = await search('U', {}, '?page=99');
    expect([beyond.status, beyond.text]).toEqual([416, '[]']);
    expect(beyond.headers.get('content-range')).toMatch(/^pilots \*\/\d+$/);
    // In DiracX an administrator sees the pilots of every VO; here every right stops at the VO.
    for (const who of ['X', 'B'] as const) expect((await search(who)).text).toBe('[]');
  });

  it('40: is not for pilots', async () => {
    const { status, json } = await search('P');
    expect(status).toBe(403);
    expect(json).toMatchObject({ detail: "Pilots cannot read other pilots' metadata." });
  });

  it('1.8: is found by the jobs that they ran, named as integers', async () => {
    const by = (operator: string, value: unknown) =>
      search('U', {
        search: [{ parameter: 'JobID', operator, ...(Array.isArray(value) ? { values: value } : { value }) }],
      });
    expect((await by('eq', 999_999)).text).toBe('[]');
    expect((await by('in', [])).text).toBe('[]');
    const text = await by('eq', 'abc');
    expect(text.status).toBe(400);
    expect(text.json).toMatchObject({ detail: "'JobID' pseudo-parameter values must be integers." });
  });

  it('1.8: has a summary', async () => {
    const { status, json } = await wire.send('U', 'POST /api/pilots/summary', { grouping: ['VO', 'GridType'] });
    expect(status).toBe(200);
    expect(json).toEqual([{ VO: 'lhcb', GridType: 'DIRAC', count: expect.any(Number) }]);
  });
});
