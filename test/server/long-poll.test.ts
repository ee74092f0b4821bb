import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { jobs, matching } from '../../src/contract/index.js';
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

it('many pilots wait at once; each gets one of the jobs that come, and the others go on waiting', async () => {
  const running = await startServer();
  const warnings: string[] = [];
  const warned = (warning: Error): number => warnings.push(warning.name);
  process.on('warning', warned);
  try {
    const tokens = Array.from({ length: 60 }, (_, at) => {
      const stamp = at.toString(16).padStart(32, '0');
      return { stamp, token: running.tokens.forPilot({ vo: 'lhcb', stamp }, 600).token };
    });
    await running.database.execute('INSERT INTO pilots (stamp, vo, site, ce, queue, status, isolation) VALUES ?', [
      tokens.map(({ stamp }) => [stamp, 'lhcb', 'Demo.Local', 'local', 'all', 'Running', 'bubblewrap']),
    ]);
    const waiting = tokens.map(({ token }) =>
      running.call(matching.claim, { body: { claim_id: randomUUID(), offer: anOffer, wait: 6 } }, token),
    );
    const query = 'SELECT 1 AS here FROM pilots WHERE last_contact IS NOT NULL';
    while ((await running.database.query(query)).length < 60);
    const description = { executable: '/bin/true' };
    const { reply } = await running.call(
      jobs.submit,
      { body: { jobs: Array.from({ length: 40 }, () => description) } },
      running.tokenFor(),
    );
    const replies = (await Promise.all(waiting)).map((one) => one.reply.jobs.map(({ job_id }) => job_id));
    expect(replies.filter((ids) => ids.length === 1)).toHaveLength(40);
    expect(new Set(replies.flat())).toEqual(new Set(reply.jobs.map(({ JobID }) => JobID)));
    expect(warnings).toEqual([]);
  } finally {
    process.off('warning', warned);
    await running.close();
  }
});
