import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { admin, inEnvironmentOf } from '../support/admin.js';
import { testConfig } from '../support/config.js';
import { type MatchingTest, startMatching } from '../support/matching.js';

let wms: MatchingTest;
let leave: () => void;
beforeAll(async () => {
  wms = await startMatching({
    decisions: { sample_one_in: 2 },
    vos: { lhcb: { running_limits: [{ owner: 'jdoe', max_running: 1 }] } },
  });
  const [here] = await wms.database.query<{ name: string }>('SELECT DATABASE() AS name');
  const url = new URL(wms.config.databaseUrl);
  url.pathname = `/${here?.name}`;
  leave = inEnvironmentOf(testConfig({ databaseUrl: url.href }));
});
afterAll(async () => {
  leave();
  await wms.close();
});

describe('pilotage admin decisions', () => {
  it('shows what decided an attempt, and decides again', async () => {
    const [first] = await wms.submit({}, { count: 2 });
    const zoe = { vo: 'lhcb', group: 'lhcb_user', subject: 'zoe', username: 'zoe' };
    const [large] = await wms.submit({ min_processors: 2, priority: 9 }, { owner: zoe });
    const others = await wms.submit({}, { owner: zoe, count: 3 });
    const other = others[2];
    const server = wms.server();
    expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: first }]);
    // With his first job running, jdoe's turn comes again after two of hers.
    for (const job of others) expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: job }]);
    const unsampled = await admin('decisions', 'show', String(first));
    expect(unsampled.stdout).toMatch(/use per share: VO lhcb .*\nnot in the sample/);
    const { stdout, code } = await admin('decisions', 'show', String(other), '1');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/limit vo=lhcb owner=jdoe$/m)]);
    expect(stdout).toMatch(new RegExp(` ${large} .* processors$`, 'm'));
    expect(stdout).toMatch(new RegExp(` ${other} .* chosen$`, 'm'));
    const json = await admin('decisions', 'show', String(other), '--json');
    expect(JSON.parse(json.stdout)).toMatchObject([{ job: other, decision: { chosen: { job: other } } }]);
    expect(await admin('decisions', 'replay', String(other))).toMatchObject({
      code: 0,
      stdout: '1 decided as before, 0 otherwise, 0 not in the sample\n',
    });
    const since = await admin('decisions', 'replay', '--since', '2026-01-01T00:00:00Z');
    expect(since.stdout).toMatch(/^2 decided as before/);
    await wms.database.execute(
      `UPDATE decisions SET decision = JSON_SET(decision, '$.free.processors', 2, '$.whole.processors', 2, '$.free.memory', 8000, '$.whole.memory', 8000)`,
    );
    const changed = await admin('decisions', 'replay', String(other));
    expect([changed.code === 0, changed.stdout]).toEqual([
      false,
      expect.stringContaining(`job ${large} of task queue`),
    ]);
  });

  it('refuses a job without attempts, and a replay of nothing', async () => {
    const none = await admin('decisions', 'show', '999');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('no attempt')]);
    const both = await admin('decisions', 'replay', '1', '--since', '2026-01-01T00:00:00Z');
    expect([both.code, both.stderr]).toEqual([1, expect.stringContaining('not both')]);
  });
});
