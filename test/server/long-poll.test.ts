import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { matching } from '../../src/contract/index.js';
import { anOffer } from '../support/matching.js';
import { startServer } from '../support/server.js';

it('a server that stops answers the pilots that wait, at once', async () => {
  const running = await startServer();
  const stamp = 'a'.repeat(32);
  await running.database.execute(
    `INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation)
     VALUES (?, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap')`,
    [stamp],
  );
  const { token } = running.tokens.forPilot({ vo: 'lhcb', stamp }, 600);
  const waiting = running.call(matching.claim, { body: { claim_id: randomUUID(), offer: anOffer, wait: 60 } }, token);
  const query = 'SELECT 1 AS here FROM pilots WHERE stamp = ? AND last_contact IS NOT NULL';
  while ((await running.database.query(query, [stamp])).length === 0);
  const before = performance.now();
  await running.close();
  expect((await waiting).reply).toEqual({ jobs: [], commands: [], drain: false });
  expect(performance.now() - before).toBeLessThan(5_000);
});
