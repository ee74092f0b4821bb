import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { jobs } from '../../src/contract/index.js';
import { RouteWorld } from '../support/route-world.js';
import { startServer, type TestServer } from '../support/server.js';

const most = 10_000;
let running: TestServer;
let world: RouteWorld;
beforeAll(async () => {
  running = await startServer({
    config: { bulkBodyBytes: 4_000_000, bulkBodiesAtOnce: 1 },
    configuration: { vos: { lhcb: { jobs: { max_jobs_per_jdl_call: most, max_listed_problems: 50 } } } },
  });
  world = new RouteWorld(running);
});
afterAll(() => running.close());

interface Refused {
  problems: { path: string; message: string }[];
}
const count = async (): Promise<number> => {
  const [row] = await running.database.query<{ count: number }>('SELECT COUNT(*) AS count FROM jobs');
  return Number(row?.count);
};
const submit = (descriptions: unknown[]) =>
  world.call(jobs.submit, { token: world.alice(), body: { jobs: descriptions } });

describe('ten thousand descriptions in one call', () => {
  it('are accepted together, as JSON and as JDL', async () => {
    const before = await count();
    const asJson = await submit(Array.from({ length: most }, () => ({ executable: 'x', arguments: '%j' })));
    expect(asJson.status).toBe(201);
    expect((asJson.body as { jobs: unknown[] }).jobs).toHaveLength(most);
    const texts = Array.from({ length: most }, () => 'Executable = "x"; Arguments = "%j";');
    const asJdl = await world.call(jobs.submitJdl, { token: world.alice(), body: texts });
    expect(asJdl.status).toBe(201);
    expect(new Set((asJdl.body as { JobID: number }[]).map(({ JobID }) => JobID)).size).toBe(most);
    expect((await count()) - before).toBe(2 * most);
  }, 120_000);

  it('are refused together when one of them is wrong, the last', async () => {
    const before = await count();
    const descriptions: unknown[] = Array.from({ length: most }, () => ({ executable: 'x' }));
    descriptions[most - 1] = { executable: 'x', priority: 99 };
    const { status, body } = await submit(descriptions);
    expect(status).toBe(400);
    expect((body as Refused).problems.map(({ path }) => path)).toEqual([`jobs[${most - 1}].priority`]);
    expect(await count()).toBe(before);
  }, 60_000);

  it('that are all wrong do not keep others waiting, and the list of their problems ends', async () => {
    const bad = Array.from({ length: most }, () => ({ sites: [1, 2, 3, 4, 5], priority: 'high', mood: 'bad' }));
    let isDone = false;
    const refusal = submit(bad).finally(() => (isDone = true));
    let answered = 0;
    while (!isDone) {
      await world.callByName('auth.userinfo', { token: world.bob() });
      answered += 1;
    }
    // One may have been under way when the refusal came, and one before the body did.
    expect(answered).toBeGreaterThan(2);
    const { status, code, body } = await refusal;
    expect([status, code]).toEqual([400, 'invalid-description']);
    const { problems } = body as Refused;
    expect(problems).toHaveLength(51);
    expect(problems.at(-1)?.message).toBe(`and ${most * 8 - 50} more`);
  }, 60_000);

  it('are one too many with one more', async () => {
    const { code } = await submit(Array.from({ length: most + 1 }, () => ({ executable: 'x' })));
    expect(code).toBe('too-many-jobs');
  });
});

describe('large bodies', () => {
  const large = (bytes: number) => [{ executable: 'x', arguments: 'x'.repeat(bytes) }];

  it('are refused beyond the limit of the settings', async () => {
    expect(await submit(large(4_100_000))).toMatchObject({ status: 413, code: 'body-too-large' });
    expect(await submit(large(3_900_000))).toMatchObject({ status: 400, code: 'invalid-description' });
  });

  it('take turns, which end when their connection is lost', async () => {
    const { hostname, port } = new URL(running.url);
    const socket = connect(Number(port), hostname);
    const head = `POST /api/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${world.alice()}\r\n`;
    socket.write(`${head}content-type: application/json\r\ncontent-length: 2000000\r\n\r\n{`);
    // Small bodies need no turn; when one was answered, the server has seen the large one too.
    for (let time = 0; time < 5; time += 1) expect(await submit([{ executable: 'x' }])).toMatchObject({ status: 201 });
    const next = submit(large(2_000_000));
    const first = await Promise.race([next.then(() => 'large'), submit([{ executable: 'x' }]).then(() => 'small')]);
    expect(first).toBe('small');
    socket.destroy();
    expect(await next).toMatchObject({ status: 400 });
  });

  it('get no turn without a genuine token', async () => {
    const body = { jobs: large(2_000_000) };
    expect(await world.call(jobs.submit, { body })).toMatchObject({ status: 401, code: 'missing-token' });
    expect(await world.call(jobs.submit, { token: 'x', body })).toMatchObject({ status: 401, code: 'invalid-token' });
  });
});

describe('a path that is the name of a route', () => {
  it.each(['/api/jobs/search', '/api/jobs/status/', '/api/pilots/search?x=1'])('%s is no id', async (url) => {
    const reply = await fetch(`${running.url}${url}`, { headers: { authorization: `Bearer ${world.alice()}` } });
    expect([reply.status, await reply.json()]).toMatchObject([405, { code: 'method-not-allowed' }]);
    expect(reply.headers.get('allow')).toMatch(/^(POST|PATCH)$/);
  });

  it('is told from an id that is wrong', async () => {
    const reply = await world.callByName('jobs.find', { token: world.alice(), params: { id: 'x' } });
    expect(reply).toMatchObject({ status: 422, code: 'invalid-request' });
  });
});
