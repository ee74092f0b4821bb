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

describe('POST /api/jobs/reschedule', () => {
  const reschedule = (api: Api, ids: number[], query = '') =>
    api.post(`/api/jobs/reschedule${query}`, { job_ids: ids });

  it('sends a job back to its queue from the states that it is for', async () => {
    for (const status of ['Failed', 'Killed', 'Done', 'Waiting']) {
      const id = await one();
      if (status !== 'Waiting') await set(administrator, id, { [inSeconds(0)]: { Status: status } }, true);
      expect(await reschedule(alice, [id])).toMatchObject({
        status: 200,
        body: {
          success: { [id]: { Status: 'Received', MinorStatus: 'Job Rescheduled', RescheduleCounter: 1 } },
          failed: {},
        },
      });
      expect(await alice.row(id)).toMatchObject({ Status: 'Waiting', EndExecTime: null, RescheduleCounter: 1 });
      const [job] = await server.database.query(
        'SELECT waiting_in = task_queue_id AS queued FROM jobs WHERE job_id = ?',
        [id],
      );
      expect(job).toEqual({ queued: 1 });
      const states = (await alice.row(id)).LoggingInfo.map(({ Status }) => Status);
      expect(states.slice(-3)).toEqual(['Rescheduled', 'Received', 'Waiting']);
    }
  });

  it('has a limit, which counts for each job by itself and can be reset', async () => {
    const [often = 0, fresh = 0] = await alice.submit(hello, hello);
    for (const count of [1, 2, 3]) {
      expect((await reschedule(alice, [often])).body).toMatchObject({
        success: { [often]: { RescheduleCounter: count } },
      });
    }
    const detail = 'Maximum number of reschedules exceeded (3)';
    expect(await reschedule(alice, [often])).toMatchObject({
      status: 400,
      body: { detail: { success: {}, failed: { [often]: { detail } } }, code: 'not-reschedulable' },
    });
    expect(await reschedule(alice, [often, fresh])).toMatchObject({
      status: 200,
      body: { success: { [fresh]: { RescheduleCounter: 1 } }, failed: { [often]: { detail } } },
    });
    expect((await reschedule(alice, [often], '?reset_jobs=true')).body).toMatchObject({
      success: { [often]: { RescheduleCounter: 0 } },
    });
  });

  it('is not for jobs of others, and forgets a kill that nobody has fetched', async () => {
    const id = await one();
    expect((await reschedule(bob, [id])).status).toBe(403);
    expect((await reschedule(foreign, [id])).status).toBe(400);
    await set(alice, id, { [inSeconds(0)]: { Status: 'Killed' } });
    await reschedule(alice, [id]);
    expect((await pilot.patch('/api/jobs/heartbeat', { [id]: {} })).body).toEqual([]);
  });
});

describe('PATCH /api/jobs/metadata', () => {
  const setMetadata = (api: Api, id: number, given: unknown) => api.patch('/api/jobs/metadata', { [id]: given });

  it('sets columns and keeps everything else as parameters', async () => {
    const id = await one();
    const given = {
      UserPriority: 2,
      JobType: 'Test',
      HeartBeatTime: '2026-01-02T03:04:05Z',
      Foo: { bar: 1 },
      'NormCPUTime(s)': '12.7',
      Nothing: null,
    };
    const { status, body } = await setMetadata(alice, id, given);
    expect([status, body]).toEqual([204, undefined]);
    expect(await alice.row(id)).toMatchObject({
      UserPriority: 2,
      JobType: 'Test',
      HeartBeatTime: '2026-01-02T03:04:05Z',
    });
    const shown = (await alice.get(`/api/jobs/${id}`)).body as { parameters: unknown };
    expect(shown.parameters).toEqual({ Foo: '{"bar":1}', 'NormCPUTime(s)': '12' });
  });

  it('checks a time of the last update and writes its own: retention goes by it', async () => {
    const id = await one();
    const before = (await alice.row(id)).LastUpdateTime;
    expect((await setMetadata(alice, id, { LastUpdateTime: '2001-01-01T00:00:00Z', UserPriority: 3 })).status).toBe(
      204,
    );
    const row = await alice.row(id);
    expect(row.UserPriority).toBe(3);
    expect(Date.parse(String(row.LastUpdateTime))).toBeGreaterThanOrEqual(Date.parse(String(before)));
    expect((await setMetadata(alice, id, { LastUpdateTime: 'soon' })).status).toBe(422);
  });

  it('writes minor states into the history', async () => {
    const id = await one();
    await setMetadata(alice, id, { MinorStatus: 'Noted', ApplicationStatus: 'Step 1' });
    expect((await alice.row(id)).LoggingInfo.at(-1)).toMatchObject({
      Status: 'Waiting',
      MinorStatus: 'Noted',
      ApplicationStatus: 'Step 1',
    });
  });

  it('refuses what has one writer, naive dates and nonsense; nothing is set then', async () => {
    const id = await one();
    for (const name of ['Status', 'Owner', 'OwnerGroup', 'VO', 'AccountedFlag']) {
      expect(await setMetadata(alice, id, { UserPriority: 9, [name]: 'x' })).toMatchObject({
        status: 400,
        body: { code: 'protected-attribute' },
      });
    }
    expect((await setMetadata(alice, id, { HeartBeatTime: '2026-01-02T03:04:05' })).status).toBe(422);
    expect((await setMetadata(alice, id, { HeartBeatTime: '2026-01-02T03:04:05+01:00' })).status).toBe(422);
    expect((await setMetadata(alice, id, { 'NormCPUTime(s)': 'much' })).status).toBe(422);
    expect((await setMetadata(bob, id, { UserPriority: 9 })).status).toBe(403);
    expect((await setMetadata(foreign, id, { UserPriority: 9 })).status).toBe(204);
    expect(await alice.row(id)).toMatchObject({ UserPriority: 1, HeartBeatTime: null });
  });
});

describe('POST /api/jobs/kill and /api/jobs/delete', () => {
  const end = (api: Api, how: 'kill' | 'delete', ids: number[]) => api.post(`/api/jobs/${how}`, { job_ids: ids });

  it('give each job its own outcome', async () => {
    const [own = 0] = await alice.submit(hello);
    const [others = 0] = await bob.submit(hello);
    expect(await end(alice, 'kill', [own, others, 999999])).toMatchObject({
      status: 200,
      body: {
        success: { [own]: { Status: 'Killed' } },
        failed: { [others]: { detail: 'Not authorized' }, 999999: { detail: 'Not found' } },
      },
    });
    expect((await bob.row(others)).Status).toBe('Waiting');
    expect((await end(foreign, 'kill', [others])).body).toMatchObject({
      success: {},
      failed: { [others]: { detail: 'Not found' } },
    });
  });

  it('may be repeated; a job that has ended cannot be killed but deleted', async () => {
    const id = await one();
    for (let time = 0; time < 2; time += 1)
      expect((await end(alice, 'kill', [id])).body).toMatchObject({ success: { [id]: {} } });
    expect((await alice.row(id)).LoggingInfo.filter(({ Status }) => Status === 'Killed')).toHaveLength(1);
    const done = await one();
    await set(administrator, done, { [inSeconds(0)]: { Status: 'Done' } }, true);
    expect((await end(alice, 'kill', [done])).body).toMatchObject({
      failed: { [done]: { detail: 'A job that is Done cannot be Killed' } },
    });
    expect((await end(administrator, 'delete', [done, id])).body).toMatchObject({
      success: { [done]: { Status: 'Deleted' }, [id]: { Status: 'Deleted' } },
    });
    expect(await stateOf(done)).toBe('Deleted/Marked for deletion/Unknown');
  });

  it('delete a running job by way of Killed', async () => {
    const id = await one();
    await set(pilot, id, { [inSeconds(0.1)]: { Status: 'Matched' }, [inSeconds(0.2)]: { Status: 'Running' } });
    await end(alice, 'delete', [id]);
    expect((await alice.row(id)).LoggingInfo.map(({ Status }) => Status).slice(-2)).toEqual(['Killed', 'Deleted']);
  });
});
