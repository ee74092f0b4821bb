import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { OpenCalls } from '../../src/wms/open-calls.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer } from '../support/server.js';

const stamps = ['a', 'b', 'c'].map((letter) => letter.repeat(32));
const [first = '', second = '', third = ''] = stamps;

let running: TestServer;
let clients: AbortController[] = [];
beforeAll(async () => {
  const streams = { per_user: 2, at_once: 3, claims_per_pilot: 2, claims_at_once: 3 };
  running = await startServer({ configuration: { limits: { streams } } });
  await running.database.execute(
    'INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation, log_state) VALUES ?',
    [stamps.map((stamp) => [stamp, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap', 'open'])],
  );
});
afterEach(async () => {
  for (const client of clients) client.abort();
  clients = [];
  await load({ logs: 0, claims: 0 });
});
afterAll(() => running.close());

/** Settles when so many calls are open. */
async function load(wanted: { logs?: number; claims?: number }): Promise<void> {
  const calls = running.app.get(OpenCalls);
  const reached = () => Object.entries(wanted).every(([kind, count]) => calls.load[kind as 'logs'] === count);
  while (!reached()) await delay(10);
}

function send(path: string, token: string, body?: unknown): Promise<Response> {
  const client = new AbortController();
  clients.push(client);
  return fetch(`${running.url}${path}`, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    signal: client.signal,
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
}

async function expectRefusal(reply: Response, code: string): Promise<void> {
  expect({ status: reply.status, body: await reply.json() }).toMatchObject({
    status: 429,
    body: { status: 429, code },
  });
  expect(reply.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

describe('logs that are followed', () => {
  const follow = (user: string): Promise<Response> =>
    send(`/api/pilots/${first}/log/stream`, running.tokenFor({ user }));

  it('are limited for a user and for the server, and count no more when their reader has vanished', async () => {
    expect((await follow('alice')).status).toBe(200);
    expect((await follow('alice')).status).toBe(200);
    await expectRefusal(await follow('alice'), 'too-many-streams');
    expect((await follow('bob')).status).toBe(200);
    await expectRefusal(await follow('carol'), 'too-many-streams');
    clients[0]?.abort();
    await load({ logs: 2 });
    expect((await follow('alice')).status).toBe(200);
  });

  it('are free again after a refusal and after a log that was read to its end', async () => {
    const token = running.tokenFor();
    for (let call = 0; call < 4; call += 1) {
      const unknown = await send(`/api/pilots/${'d'.repeat(32)}/log/stream`, token);
      expect(unknown.status).toBe(404);
      await unknown.text();
      const read = await send(`/api/pilots/${first}/log`, token);
      expect({ status: read.status, text: await read.text() }).toEqual({ status: 200, text: '' });
      await load({ logs: 0 });
    }
  });
});

describe('claims that wait', () => {
  const claim = (stamp: string, wait: number): Promise<Response> => {
    const { token } = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
    return send('/api/pilots/self/claim', token, { claim_id: randomUUID(), offer: anOffer, wait });
  };
  /** A claim that goes on waiting until its client vanishes. */
  const wait = (stamp: string): void => void claim(stamp, 60).catch(() => undefined);

  it('are limited for a pilot; those that do not wait are not', async () => {
    wait(first);
    wait(first);
    await load({ claims: 2 });
    await expectRefusal(await claim(first, 60), 'too-many-streams');
    expect((await claim(first, 0)).status).toBe(200);
    clients[0]?.abort();
    await load({ claims: 1 });
  });

  it('are limited for the server: beyond, a claim is answered with what there is, and told to come back for more', async () => {
    wait(first);
    wait(first);
    wait(second);
    await load({ claims: 3 });
    await expectRefusal(await claim(third, 60), 'server-busy');
    await running.database.execute('UPDATE pilots SET drain = TRUE WHERE stamp = ?', [third]);
    const answered = await claim(third, 60);
    expect({ status: answered.status, body: await answered.json() }).toMatchObject({
      status: 200,
      body: { drain: true },
    });
  });
});
