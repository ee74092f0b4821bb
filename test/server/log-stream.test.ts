import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Log } from '../../src/platform/index.js';
import { startServer, type TestServer } from '../support/server.js';

const stamp = 'c'.repeat(32);
let running: TestServer;
beforeAll(async () => {
  running = await startServer({ log: new Log('server', 'error', () => undefined) });
  await running.database.execute("INSERT INTO pilots (stamp, vo, status) VALUES (?, 'lhcb', 'Running')", [stamp]);
});
afterAll(() => running.close());

describe('the stream of a log', () => {
  it('ends when it cannot go on, so that its reader comes back instead of waiting for ever', async () => {
    const token = running.tokenFor();
    const reply = await fetch(`${running.url}/api/pilots/${stamp}/log/stream`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    });
    expect(reply.status).toBe(200);
    await running.database.execute('RENAME TABLE pilot_log_chunks TO hidden_chunks');
    await running.database.execute('RENAME TABLE pilots TO hidden_pilots');
    const end = await reply.text().then(
      () => 'ended',
      (error: Error) => (error.name === 'TimeoutError' ? 'still open' : 'ended'),
    );
    await running.database.execute('RENAME TABLE hidden_pilots TO pilots');
    await running.database.execute('RENAME TABLE hidden_chunks TO pilot_log_chunks');
    expect(end).toBe('ended');
  }, 20_000);
});
