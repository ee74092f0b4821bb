import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logChunkSize } from '../../src/contract/index.js';
import { Metrics } from '../../src/platform/index.js';
import { Api } from '../support/api.js';
import { anOffer } from '../support/matching.js';
import { startServer, type TestServer } from '../support/server.js';

const stamp = 'a'.repeat(32);
/** So slow that no bucket gets anything during a test. */
const few = (burst: number) => ({ per_second: 0.001, burst });

let running: TestServer;
beforeAll(async () => {
  const rates = { search: few(2), read: few(3), exchange: few(2), submit: few(1), pilot: few(20) };
  const pilots = { log_bytes_per_second: 1, log_burst_bytes: 1024 * 1024 };
  running = await startServer({ configuration: { limits: { rates }, pilots } });
  await running.database.execute(
    `INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation)
     VALUES (?, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap')`,
    [stamp],
  );
});
afterAll(() => running.close());

const apiOf = (user: string): Api => new Api(running, running.tokenFor({ user }));

describe('too many calls of one class', () => {
  it('are refused in DiracX’s form on its paths, with Retry-After; other classes and other users go on', async () => {
    const alice = apiOf('alice');
    for (let call = 0; call < 2; call += 1) expect((await alice.post('/api/jobs/search', {})).status).toBe(200);
    const refused = await alice.post('/api/jobs/summary', { grouping: ['Status'] });
    expect(refused.status).toBe(429);
    expect(refused.body).toEqual({
      detail: 'Too many searches: 0.001 a second and 2 at once are allowed; send fewer',
      code: 'too-many-requests',
    });
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect((await alice.get('/api/auth/userinfo')).status).toBe(200);
    expect((await apiOf('bob').post('/api/jobs/search', {})).status).toBe(200);
  });

  it('count for a user, whichever of the tokens is used', async () => {
    for (let call = 0; call < 3; call += 1) expect((await apiOf('carol').get('/api/auth/userinfo')).status).toBe(200);
    expect((await apiOf('carol').get('/api/auth/userinfo')).status).toBe(429);
  });

  it('are refused as problem details on our own paths, and change nothing', async () => {
    const dave = apiOf('dave');
    const [id = 0] = await dave.submit({ executable: '/bin/true' });
    const refused = await dave.post('/api/jobs', { jobs: [{ executable: '/bin/true' }] });
    expect(refused).toMatchObject({ status: 429, body: { status: 429, code: 'too-many-requests' } });
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    const rows = await running.database.query("SELECT job_id FROM jobs WHERE owner = 'dave'");
    expect(rows).toEqual([{ job_id: id }]);
  });

  it('are counted', async () => {
    const text = await running.app.get(Metrics).registry.metrics();
    expect(text).toMatch(/pilotage_refused_total\{traffic="search",program="server"\} [1-9]/);
  });
});

describe('pilots', () => {
  const claim = (token: string) => {
    const body = { claim_id: randomUUID(), offer: anOffer, max_jobs: 0 };
    return new Api(running, token).post('/api/pilots/self/claim', body);
  };

  it('have a rate each, which their attempts share', async () => {
    const { token } = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
    const attempt = running.tokens.forAttempt({ vo: 'lhcb', stamp, jobId: 1, attempt: 1 }, 600).token;
    for (let call = 0; call < 19; call += 1) expect((await claim(token)).status).toBe(200);
    expect((await new Api(running, attempt).get('/api/attempts/self/inputs')).status).toBe(409);
    expect(await claim(token)).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
    const other = running.tokens.forPilot({ vo: 'lhcb', stamp: 'b'.repeat(32) }, 600).token;
    expect((await claim(other)).status).not.toBe(429);
  });

  it('send logs at a rate of bytes; the largest chunk is taken whatever its characters', async () => {
    const logging = 'c'.repeat(32);
    await running.database.execute("INSERT INTO pilots (stamp, vo, status) VALUES (?, 'lhcb', 'Running')", [logging]);
    const pilot = new Api(running, running.tokens.forPilot({ vo: 'lhcb', stamp: logging }, 600).token);
    const send = (number: number) =>
      pilot.send('PUT', `/api/pilots/self/log/${number}`, { text: '\u0001'.repeat(logChunkSize) });
    for (let number = 0; number < 8; number += 1) expect((await send(number)).status).toBe(204);
    expect(await send(8)).toMatchObject({ status: 429, body: { code: 'too-many-requests' } });
  });

  it('exchange their secrets at a rate for their address; health and documents have none', async () => {
    const exchange = () =>
      fetch(`${running.url}/api/pilots/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ stamp, secret: 'x'.repeat(32), exchange_id: randomUUID() }),
      });
    const statuses = [await exchange(), await exchange(), await exchange()].map(({ status }) => status);
    expect(statuses).toEqual([401, 401, 429]);
    for (let call = 0; call < 50; call += 1) expect((await fetch(`${running.url}/api/health/live`)).status).toBe(200);
  });
});
