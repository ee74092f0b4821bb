import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Database } from '../../src/platform/index.js';
import { Searches } from '../../src/wms/search/index.js';
import { Api, type RawReply } from '../support/api.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer } from '../support/server.js';

const stamp = 'a'.repeat(32);
const atOnce = 3;

let running: TestServer;
let atWork = 0;
let mostAtWork = 0;
let release: () => void = () => undefined;
let held: Promise<void> = Promise.resolve();

beforeAll(async () => {
  const limits = { searches: { at_once: atOnce, waiting: 10, per_user: 12, longest_wait: 60 } };
  running = await startServer({ configuration: { limits } });
  await running.database.execute(
    `INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation)
     VALUES (?, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap')`,
    [stamp],
  );
  makeSlow(running.app.get(Searches), running.app.get(Database));
});
beforeEach(() => {
  held = new Promise((resolve) => (release = resolve));
});
afterAll(() => running.close());

/** Each statement of a search first holds a connection until it is released, as one over millions of rows would. */
function makeSlow(searches: Searches, database: Database): void {
  const run = searches.run.bind(searches);
  searches.run = async (...statement) => {
    atWork += 1;
    mostAtWork = Math.max(mostAtWork, atWork);
    await database.transaction(async (tx) => {
      await tx.query('SELECT 1');
      await held;
    });
    return run(...statement).finally(() => (atWork -= 1));
  };
}

/** Sends many searches at once; `refused` settles when so many of them were. */
function flood(apis: Api[], searches: number, refusals: number) {
  const routes = ['/api/jobs/search', '/api/pilots/search', '/api/jobs/summary', '/api/pilots/summary'];
  let seen = 0;
  let tell: () => void = () => undefined;
  const refused = new Promise<void>((resolve) => (tell = resolve));
  const replies = Array.from({ length: searches }, async (_, call): Promise<RawReply> => {
    const api = apis[call % apis.length] as Api;
    const reply = await api.post(routes[call % routes.length] ?? '', { grouping: ['Status'] });
    seen += reply.status === 429 ? 1 : 0;
    if (seen === refusals) tell();
    return reply;
  });
  return { replies: Promise.all(replies), refused };
}

describe('a flood of slow searches', () => {
  it('gets results or 429, while claims and heartbeats are answered', async () => {
    const users = ['alice', 'bob', 'carol', 'dave'].map((user) => new Api(running, running.tokenFor({ user })));
    const pilot = new Api(running, running.tokens.forPilot({ vo: 'lhcb', stamp }, 600).token);
    const { replies, refused } = flood(users, 160, 147);
    await refused;
    for (let round = 0; round < 10; round += 1) {
      const claim = { claim_id: randomUUID(), offer: anOffer };
      expect((await pilot.post('/api/pilots/self/claim', claim)).status).toBe(200);
      expect((await pilot.post('/api/pilots/self/heartbeat', { attempts: [] })).status).toBe(200);
    }
    expect(atWork).toBe(atOnce);
    release();
    const all = await replies;
    expect(all.filter(({ status }) => status === 200)).toHaveLength(13);
    for (const { status, headers, body } of all.filter((reply) => reply.status !== 200)) {
      expect({ status, body }).toMatchObject({ status: 429, body: { code: 'server-busy' } });
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    }
    expect(mostAtWork).toBe(atOnce);
  }, 60_000);

  it('of one user leaves places to the others', async () => {
    const [greedy, modest] = ['erin', 'frank'].map((user) => new Api(running, running.tokenFor({ user }))) as [
      Api,
      Api,
    ];
    const { replies, refused } = flood([greedy], 30, 18);
    await refused;
    const other = modest.post('/api/jobs/search', {});
    release();
    expect((await other).status).toBe(200);
    expect((await replies).filter(({ status }) => status === 200)).toHaveLength(12);
  }, 60_000);
});
