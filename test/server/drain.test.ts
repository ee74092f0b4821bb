import { randomUUID } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { jobs, matching } from '../../src/contract/index.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer } from '../support/server.js';

const metricsPort = 39_472;
const stamp = 'd'.repeat(32);
let running: TestServer;
let agent: Agent;

beforeEach(async () => {
  const config = { drainSeconds: 4, metricsListen: { host: '127.0.0.1', port: metricsPort } };
  running = await startServer({ config });
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await running.database.execute(
    `INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation)
     VALUES (?, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap')`,
    [stamp],
  );
});
afterEach(() => agent.destroy());

function ask(path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(`${running.url}${path}`, { agent }, (reply) => {
      reply.resume();
      reply.once('end', () => resolve(reply));
    }).once('error', reject);
  });
}

it('a server that drains is not ready, yet serves on; it asks clients to connect anew, and then ends', async () => {
  const before = await ask('/api/health/ready');
  expect([before.statusCode, before.headers.connection]).toEqual([200, 'keep-alive']);
  const closed = running.close();
  const [ready, health, live] = [
    await fetch(`${running.url}/api/health/ready`),
    await fetch(`http://127.0.0.1:${metricsPort}/health`),
    // On the connection that was open before.
    await ask('/api/health/live'),
  ];
  expect([ready.status, ready.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await ready.json()).toEqual({ code: 'unavailable', detail: 'The server stops' });
  expect(health.status).toBe(503);
  expect(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()).toMatch(
    /^pilotage_server_draining\{.*\} 1$/m,
  );
  expect([live.statusCode, live.headers.connection]).toEqual([200, 'close']);
  await closed;
  await expect(fetch(`${running.url}/api/health/live`)).rejects.toThrow(/fetch failed/);
});

it('a server that drains takes jobs and gives them to pilots, and lets no pilot wait', async () => {
  const closed = running.close();
  const { token } = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
  const claim = () =>
    running.call(matching.claim, { body: { claim_id: randomUUID(), offer: anOffer, wait: 60 } }, token);
  const [nothing] = await Promise.all([claim(), running.call(jobs.search, { body: {} }, running.tokenFor())]);
  expect(nothing.reply).toEqual({ jobs: [], commands: [], drain: false });
  const submitted = await running.call(
    jobs.submit,
    { body: { jobs: [{ executable: '/bin/true' }] } },
    running.tokenFor(),
  );
  const { reply, headers } = await claim();
  expect(reply.jobs.map(({ job_id }) => job_id)).toEqual(submitted.reply.jobs.map(({ JobID }) => JobID));
  expect(headers['connection']).toBe('close');
  await closed;
});
