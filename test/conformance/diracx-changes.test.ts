import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startServer, type TestServer } from '../support/server.js';
import { type Person, Wire, wireTime } from './wire.js';

type Maps = { success: Record<string, Record<string, unknown>>; failed: Record<string, { detail: string }> };
let server: TestServer;
let wire: Wire;
beforeAll(async () => {
  server = await startServer();
  wire = new Wire(server);
});
afterAll(() => server.close());

const now = (): string => new Date().toISOString();
const unknown = 999_999_999;
const setStatus = (who: Person, body: unknown, query = '') => wire.send(who, `PATCH /api/jobs/status${query}`, body);
const beat = (who: Person, body: unknown) => wire.send(who, 'PATCH /api/jobs/heartbeat', body);
const reschedule = (who: Person, ids: number[], query = '') =>
  wire.send(who, `POST /api/jobs/reschedule${query}`, { job_ids: ids });
const setMetadata = (who: Person, body: unknown) => wire.send(who, 'PATCH /api/jobs/metadata', body);

/** A job that a foreign wrapper runs: brought to a state by an administrator. */
async function jobIn(status: string): Promise<number> {
  const id = await wire.job();
  await setStatus('A', { [id]: { [now()]: { Status: status, Source: 'Test' } } }, '?force=true');
  return id;
}

describe('DiracX: status updates', () => {
  it('32: a user kills a job with the time of the browser; the reply tells what was stored', async () => {
    const id = await wire.job();
    const update = { Status: 'Killed', MinorStatus: 'Marked for termination', Source: 'User: jdoe' };
    const { status, json } = await setStatus('U', { [id]: { [now()]: update } });
    expect(status).toBe(200);
    const { success, failed } = json as Maps;
    expect(failed).toEqual({});
    expect(Object.keys(success)).toEqual([String(id)]);
    expect(success[id]).toEqual({
      Status: 'Killed',
      MinorStatus: 'Marked for termination',
      ApplicationStatus: null,
      HeartBeatTime: null,
      StartExecTime: null,
      EndExecTime: expect.stringMatching(wireTime),
      LastUpdateTime: expect.stringMatching(wireTime),
    });
  });

  it('32: an order of a browser whose clock is behind is carried out', async () => {
    const id = await wire.job();
    const late = new Date(Date.now() - 3_600_000).toISOString();
    // In DiracX such a kill reports success and changes nothing.
    await setStatus('U', { [id]: { [late]: { Status: 'Killed' } } });
    expect(await wire.row(id)).toMatchObject({ Status: 'Killed' });
  });

  it.each([
    ['2026-11-23T06:51:34', 'is not timezone aware for job'],
    ['2026-11-23T06:51:34+02:00', 'Datetime must be in UTC'],
  ])('33: the time %s is refused', async (time, text) => {
    const { status, json } = await setStatus('U', { [await wire.job()]: { [time]: { Status: 'Killed' } } });
    expect(status).toBe(400);
    expect((json as { detail: string }).detail).toContain(text);
  });

  it('33: the time may have an offset of zero or be seconds since 1970', async () => {
    for (const time of [now().replace('Z', '+00:00'), String(Math.floor(Date.now() / 1_000) + 1)]) {
      const { status } = await setStatus('U', { [await wire.job()]: { [time]: { ApplicationStatus: 'x' } } });
      expect(status).toBe(200);
    }
  });

  it('33: an unknown status or no time at all is refused by 422', async () => {
    const id = await wire.job();
    expect((await setStatus('U', { [id]: { [now()]: { Status: 'Scouting' } } })).status).toBe(422);
    expect((await setStatus('U', { [id]: { yesterday: { Status: 'Killed' } } })).status).toBe(422);
    // DiracX answers 500 to a job without an entry.
    expect((await setStatus('U', { [id]: {} })).status).toBe(422);
  });

  it('34: an administrator learns which jobs are unknown', async () => {
    const id = await wire.job();
    const update = { [now()]: { MinorStatus: 'looked at' } };
    const { status, json } = await setStatus('A', { [id]: update, [unknown]: update });
    expect(status).toBe(200);
    expect((json as Maps).failed).toEqual({ [unknown]: { detail: 'Not found' } });
    expect(Object.keys((json as Maps).success)).toEqual([String(id)]);
  });

  it('34: nothing but unknown jobs is 404, with both maps as the detail', async () => {
    const { status, json } = await setStatus('A', { [unknown]: { [now()]: { Status: 'Killed' } } });
    expect(status).toBe(404);
    expect(json).toMatchObject({ detail: { success: {}, failed: { [unknown]: { detail: 'Not found' } } } });
  });

  it('34: a user who names a job of somebody else, or none that exists, is refused', async () => {
    const update = { [now()]: { Status: 'Killed' } };
    const id = await wire.job();
    for (const [who, body] of [
      ['V', { [id]: update }],
      ['X', { [id]: update }],
      ['U', { [id]: update, [unknown]: update }],
      ['U', {}],
    ] as const) {
      const { status, json } = await setStatus(who, body);
      expect(status).toBe(403);
      expect(json).toMatchObject({ detail: 'Forbidden' });
    }
    expect(await wire.row(id)).toMatchObject({ Status: 'Waiting' });
  });

  it('35: a transition that the state machine does not know keeps the status; the history marks it', async () => {
    const id = await wire.job();
    const { status, json } = await setStatus('U', { [id]: { [now()]: { Status: 'Done', Source: 'me' } } });
    expect(status).toBe(200);
    expect((json as Maps).success[id]).toMatchObject({ Status: 'Waiting' });
    const row = await wire.row(id);
    expect(row.Status).toBe('Waiting');
    expect(row.LoggingInfo.at(-1)).toMatchObject({ Source: 'me(SM)' });
  });

  it('35: force skips the state machine, for administrators', async () => {
    const id = await wire.job();
    const update = { [id]: { [now()]: { Status: 'Done' } } };
    const { json } = await setStatus('A', update, '?force=true');
    expect((json as Maps).success[id]).toMatchObject({ Status: 'Done' });
    // DiracX lets every owner force; then a user could make a job Done that never ran, which accounting believes.
    expect((await setStatus('U', update, '?force=true')).status).toBe(403);
  });

  it('32: a long name of a user does not keep the portal from killing', async () => {
    const id = await wire.job();
    const Source = `User: ${'x'.repeat(64)}`;
    expect((await setStatus('U', { [id]: { [now()]: { Status: 'Killed', Source } } })).status).toBe(200);
    expect((await wire.row(id)).LoggingInfo.at(-1)).toMatchObject({ Status: 'Killed', Source: Source.slice(0, 32) });
  });

  it('35: the history is in the order of times and repeats what was not given', async () => {
    const id = await wire.job();
    const start = Date.now() + 1_000;
    const at = (seconds: number): string => new Date(start + seconds).toISOString();
    await setStatus('U', { [id]: { [at(2)]: { ApplicationStatus: 'two' }, [at(1)]: { MinorStatus: 'one' } } });
    const { LoggingInfo } = await wire.row(id);
    const times = LoggingInfo.map(({ StatusTime }) => String(StatusTime));
    expect(times).toEqual(times.toSorted());
    expect(LoggingInfo.slice(-2)).toMatchObject([
      { Status: 'Waiting', MinorStatus: 'one', ApplicationStatus: 'Unknown', Source: 'Unknown' },
      { Status: 'Waiting', MinorStatus: 'one', ApplicationStatus: 'two', Source: 'Unknown' },
    ]);
  });
});

describe('DiracX: heartbeats', () => {
  it('36: the heartbeat after a kill brings the order, once', async () => {
    const id = await jobIn('Running');
    await setStatus('U', { [id]: { [now()]: { Status: 'Killed' } } });
    const first = await beat('P', { [id]: { LoadAverage: 1.5, CPUConsumed: '12' } });
    expect([first.status, first.json]).toEqual([200, [{ job_id: id, command: 'Kill', arguments: '' }]]);
    expect((await beat('P', { [id]: {} })).text).toBe('[]');
  });

  it.each(['Matched', 'Stalled'])('36: a job that was %s runs', async (status) => {
    const id = await jobIn(status);
    expect((await beat('P', { [id]: { StandardOutput: 'hello', LoadAverage: null } })).status).toBe(200);
    const row = await wire.row(id);
    expect(row).toMatchObject({ Status: 'Running', HeartBeatTime: expect.stringMatching(wireTime) });
    expect(row.LoggingInfo.at(-1)).toMatchObject({ Status: 'Running', Source: 'Heartbeat' });
  });

  it('36: a metric that is null was not measured', async () => {
    const id = await jobIn('Running');
    await beat('P', { [id]: { LoadAverage: null, MemoryUsed: 17 } });
    const { json } = await wire.send('U', `GET /api/jobs/${id}`);
    expect((json as { parameters: unknown }).parameters).toEqual({ MemoryUsed: '17' });
  });

  it('36: an unknown key is refused; the same metric twice in a second and unknown jobs are not', async () => {
    const id = await jobIn('Running');
    expect((await beat('P', { [id]: { Mood: 1 } })).status).toBe(422);
    // DiracX answers 500 to both.
    for (const body of [{ [id]: { Vsize: 1 } }, { [id]: { Vsize: 1 } }, { [unknown]: {} }]) {
      expect((await beat('P', body)).status).toBe(200);
    }
  });
});

describe('DiracX: reschedule', () => {
  it('37: a job starts again, and its counter grows', async () => {
    const id = await jobIn('Failed');
    const { status, json } = await reschedule('U', [id]);
    expect(status).toBe(200);
    const { success, failed } = json as Maps;
    expect(failed).toEqual({});
    expect(success[id]).toEqual({
      InputData: 'Executable = "hello";',
      Site: 'ANY',
      UserPriority: 1,
      RescheduleTime: expect.stringMatching(wireTime),
      RescheduleCounter: 1,
      Status: 'Received',
      MinorStatus: 'Job Rescheduled',
      ApplicationStatus: 'Unknown',
      HeartBeatTime: null,
      StartExecTime: null,
      EndExecTime: null,
      LastUpdateTime: expect.stringMatching(wireTime),
    });
  });

  it('37: a job that had failed or was killed really waits again', async () => {
    for (const state of ['Failed', 'Killed', 'Done']) {
      const id = await jobIn(state);
      await reschedule('U', [id]);
      // In DiracX the status of such jobs stays, although the reply is a success.
      expect(await wire.row(id)).toMatchObject({ Status: 'Waiting', StartExecTime: null, EndExecTime: null });
    }
  });

  it('37: beyond the limit nothing is rescheduled, unless the count is reset', async () => {
    const id = await wire.job();
    for (let time = 0; time < 3; time += 1) await reschedule('U', [id]);
    const { status, json } = await reschedule('U', [id]);
    expect(status).toBe(400);
    const detail = 'Maximum number of reschedules exceeded (3)';
    expect(json).toMatchObject({ detail: { success: {}, failed: { [id]: { detail } } } });
    const reset = await reschedule('U', [id], '?reset_jobs=true');
    expect((reset.json as Maps).success[id]).toMatchObject({ RescheduleCounter: 0 });
  });

  it('37: unknown jobs are told, and alone are 400', async () => {
    const id = await wire.job();
    // DiracX drops them from both maps silently.
    expect((await reschedule('A', [id, unknown])).json).toMatchObject({
      failed: { [unknown]: { detail: 'Not found' } },
    });
    const { status, json } = await reschedule('A', [unknown]);
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: { failed: { [unknown]: { detail: 'Not found' } }, success: {} } });
  });

  it('1.5: a user without a job to name is refused', async () => {
    expect((await reschedule('U', [])).status).toBe(403);
    expect((await reschedule('V', [await wire.job()])).status).toBe(403);
  });
});

describe('DiracX: metadata', () => {
  it('38: columns and parameters are set, without a body in the reply', async () => {
    const id = await wire.job();
    const { status, text } = await setMetadata('U', {
      [id]: { UserPriority: 7, Foo: 'bar', 'NormCPUTime(s)': '12.7' },
    });
    expect([status, text]).toEqual([204, '']);
    expect(await wire.row(id)).toMatchObject({ UserPriority: 7 });
    const { json } = await wire.send('U', `GET /api/jobs/${id}`);
    expect((json as { parameters: unknown }).parameters).toEqual({ Foo: 'bar', 'NormCPUTime(s)': '12' });
  });

  it('38: dates need UTC', async () => {
    const id = await wire.job();
    for (const HeartBeatTime of ['2026-11-23T06:51:34', '2026-11-23T06:51:34+02:00', 'zz']) {
      expect((await setMetadata('U', { [id]: { HeartBeatTime } })).status).toBe(422);
    }
    expect((await setMetadata('U', { [id]: { HeartBeatTime: '2026-11-23T06:51:34Z' } })).status).toBe(204);
    expect(await wire.row(id)).toMatchObject({ HeartBeatTime: '2026-11-23T06:51:34Z' });
  });

  it('38: a CPU time that is no number is refused, null sets nothing', async () => {
    const id = await wire.job();
    expect((await setMetadata('U', { [id]: { CPUNormalizationFactor: 'fast' } })).status).toBe(422);
    expect((await setMetadata('U', { [id]: { JobName: null } })).status).toBe(204);
    expect(await wire.row(id)).toMatchObject({ JobName: 'Unknown' });
  });

  it('38: state and owner have one writer', async () => {
    const id = await wire.job();
    // DiracX lets any owner write any text as the status, without a line in the history.
    for (const column of ['Status', 'Owner', 'OwnerGroup', 'VO']) {
      expect((await setMetadata('U', { [id]: { [column]: 'Zork' } })).status).toBe(400);
    }
  });

  it('38: jobs of others are refused, unknown ones pass by an administrator', async () => {
    expect((await setMetadata('V', { [await wire.job()]: { Foo: 1 } })).status).toBe(403);
    expect((await setMetadata('A', { [unknown]: { Foo: 1 } })).status).toBe(204);
  });
});
