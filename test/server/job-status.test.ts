import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from '../support/api.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let alice: Api;
let bob: Api;
let administrator: Api;
let foreign: Api;
let pilot: Api;
beforeAll(async () => {
  server = await startServer();
  alice = new Api(server, server.tokenFor());
  bob = new Api(server, server.tokenFor({ user: 'bob' }));
  administrator = new Api(server, server.tokenFor({ group: 'lhcb_admin', user: 'root' }));
  foreign = new Api(server, server.tokenFor({ vo: 'biomed', group: 'biomed_admin', user: 'zoe' }));
  pilot = new Api(server, server.tokenFor({ group: 'lhcb_pilot', user: 'pilot' }));
});
afterAll(() => server.close());

const hello = { executable: 'x' };
/** A time so many seconds from now, as clients write it. */
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
const one = async (): Promise<number> => (await alice.submit(hello))[0] ?? 0;

function set(api: Api, id: number, entries: Record<string, Record<string, unknown>>, force = false) {
  return api.patch(`/api/jobs/status?force=${force}`, { [id]: entries });
}

async function stateOf(id: number): Promise<string> {
  const { Status, MinorStatus, ApplicationStatus } = await administrator.row(id);
  return `${String(Status)}/${String(MinorStatus)}/${String(ApplicationStatus)}`;
}

describe('PATCH /api/jobs/status', () => {
  it('applies the entries of a job in the order of their times', async () => {
    const id = await one();
    expect(await set(pilot, id, { [inSeconds(0.1)]: { Status: 'Matched' } })).toMatchObject({ status: 200 });
    const { body } = await set(pilot, id, {
      [inSeconds(0.3)]: { Status: 'Running', ApplicationStatus: 'x' },
      [inSeconds(0.2)]: { MinorStatus: 'Job Initialization' },
      [inSeconds(0.4)]: { MinorStatus: 'Application', ApplicationStatus: 'some_app_status', Source: 'JobWrapper' },
    });
    expect(body).toMatchObject({
      success: { [id]: { Status: 'Running', StartExecTime: expect.stringMatching(/Z$/), EndExecTime: null } },
      failed: {},
    });
    expect(await stateOf(id)).toBe('Running/Application/some_app_status');
    expect((await alice.row(id)).HeartBeatTime).not.toBeNull();
  });

  it('keeps the state where the machine knows no way, unless an administrator forces it', async () => {
    const id = await one();
    const refused = await set(alice, id, { [inSeconds(1)]: { Status: 'Done', MinorStatus: 'Nonsense', Source: 'me' } });
    expect(refused).toMatchObject({
      status: 200,
      body: { success: { [id]: { Status: 'Waiting', EndExecTime: null } } },
    });
    expect(await stateOf(id)).toBe('Waiting/Pilot Agent Submission/Unknown');
    expect((await alice.row(id)).LoggingInfo.at(-1)).toMatchObject({ Status: 'Waiting', Source: 'me(SM)' });
    expect((await set(alice, id, { [inSeconds(1)]: { Status: 'Done' } }, true)).status).toBe(403);
    expect(await set(administrator, id, { [inSeconds(1)]: { Status: 'Done' } }, true)).toMatchObject({
      body: { success: { [id]: { Status: 'Done', EndExecTime: expect.any(String) } } },
    });
  });

  it('records what is older than the history, and changes nothing by it', async () => {
    const id = await one();
    await set(administrator, id, { [inSeconds(0)]: { Status: 'Failed' } }, true);
    const { status, body } = await set(
      administrator,
      id,
      { [inSeconds(-120)]: { Status: 'Failed', MinorStatus: 'old' } },
      true,
    );
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: { [id]: { Status: null, MinorStatus: null, LastUpdateTime: null } } });
    const { LoggingInfo: history } = await alice.row(id);
    expect(history[0]).toMatchObject({ Status: 'Failed', MinorStatus: 'old' });
    expect(await stateOf(id)).toBe('Failed/Pilot Agent Submission/Unknown');
  });

  it('carries out a kill from a browser whose clock is behind, or ahead', async () => {
    for (const seconds of [-300, 300]) {
      const id = await one();
      const kill = { Status: 'Killed', MinorStatus: 'Marked for termination', Source: 'User: alice' };
      expect(await set(alice, id, { [inSeconds(seconds)]: kill })).toMatchObject({
        status: 200,
        body: { success: { [id]: { Status: 'Killed' } }, failed: {} },
      });
      const row = await alice.row(id);
      expect(row).toMatchObject({ Status: 'Killed', MinorStatus: 'Marked for termination' });
      expect(Date.parse(String(row.EndExecTime))).toBeLessThan(Date.now() + 1_000);
      const [job] = await server.database.query('SELECT waiting_in FROM jobs WHERE job_id = ?', [id]);
      expect(job).toEqual({ waiting_in: null });
    }
  });

  it('refuses times that are not UTC, and what is no time at all', async () => {
    const id = await one();
    const of = async (time: string) =>
      (await set(alice, id, { [time]: { Status: 'Killed' } })) as { status: number; body: { detail: string } };
    expect(await of('2026-11-23T06:51:34')).toMatchObject({
      status: 400,
      body: { detail: `Timestamp 2026-11-23 06:51:34 is not timezone aware for job ${id}`, code: 'invalid-timestamp' },
    });
    expect((await of('2026-11-23T06:51:34+02:00')).status).toBe(400);
    expect((await of('soon')).status).toBe(422);
    expect((await set(alice, id, {})).status).toBe(422);
    expect((await set(alice, id, { [inSeconds(0)]: { Status: 'Zork' } })).status).toBe(422);
    expect(await stateOf(id)).toBe('Waiting/Pilot Agent Submission/Unknown');
  });

  it('reports unknown jobs to administrators, and refuses users who name any', async () => {
    const id = await one();
    const entries = { [inSeconds(0)]: { Status: 'Killed' } };
    const mixed = await administrator.patch('/api/jobs/status', { [id]: entries, 999999: entries });
    expect(mixed).toMatchObject({
      status: 200,
      body: { success: { [id]: {} }, failed: { 999999: { detail: 'Not found' } } },
    });
    expect(await administrator.patch('/api/jobs/status', { 999999: entries })).toMatchObject({
      status: 404,
      body: { detail: { success: {}, failed: { 999999: { detail: 'Not found' } } } },
    });
    expect(await alice.patch('/api/jobs/status', { [id]: entries, 999999: entries })).toMatchObject({
      status: 403,
      body: { detail: 'Forbidden' },
    });
    expect((await set(bob, id, entries)).status).toBe(403);
    expect((await set(foreign, id, entries)).status).toBe(404);
  });
});

describe('PATCH /api/jobs/heartbeat', () => {
  const beat = (api: Api, ...ids: number[]) =>
    api.patch('/api/jobs/heartbeat', Object.fromEntries(ids.map((id) => [id, {}])));

  it('hands out exactly one kill for each job that was killed or deleted', async () => {
    const ids = await alice.submit(hello, hello, hello);
    const [first = 0, second = 0, third = 0] = ids;
    await set(alice, first, { [inSeconds(0)]: { Status: 'Killed' } });
    await set(alice, second, { [inSeconds(0)]: { Status: 'Deleted' } });
    await set(administrator, third, { [inSeconds(0)]: { Status: 'Failed' } }, true);
    const kills = [first, second].map((job_id) => ({ job_id, command: 'Kill', arguments: '' }));
    expect(await beat(pilot, ...ids)).toMatchObject({ status: 200, body: kills });
    expect((await beat(pilot, ...ids)).body).toEqual([]);
  });

  it('brings Matched and Stalled jobs to Running and revives no others', async () => {
    const id = await one();
    await set(pilot, id, { [inSeconds(0)]: { Status: 'Matched' } });
    expect((await alice.row(id)).HeartBeatTime).toBeNull();
    await pilot.patch('/api/jobs/heartbeat', { [id]: { CPUConsumed: '12.5', StandardOutput: 'last lines' } });
    expect(await alice.row(id)).toMatchObject({ Status: 'Running', HeartBeatTime: expect.stringMatching(/Z$/) });
    expect((await alice.get(`/api/jobs/${id}`)).body).toMatchObject({
      parameters: { StandardOutput: 'last lines', CPUConsumed: '12.5' },
    });
    expect((await alice.get(`/api/jobs/${id}/peek`)).body).toMatchObject({ text: 'last lines', status: 'Running' });
    await set(alice, id, { [inSeconds(0)]: { Status: 'Killed' } });
    await beat(pilot, id);
    expect((await alice.row(id)).Status).toBe('Killed');
  });

  it('knows its keys, leaves out unknown jobs, and stays within rights', async () => {
    const id = await one();
    expect((await pilot.patch('/api/jobs/heartbeat', { [id]: { Nonsense: 1 } })).status).toBe(422);
    expect(await beat(pilot, 999999)).toMatchObject({ status: 200, body: [] });
    expect((await beat(bob, id)).status).toBe(403);
    expect((await beat(foreign, id)).body).toEqual([]);
    expect((await alice.row(id)).HeartBeatTime).toBeNull();
  });
});
