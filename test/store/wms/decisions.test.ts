import { afterEach, describe, expect, it } from '@jest/globals';
import { readDecisions, removeDecisions, sampledSince } from '../../../src/wms/decisions/decisions.sql.js';
import { replay } from '../../../src/wms/decisions/replay.js';
import { readKey } from '../../../src/wms/limits/limit.js';
import type { Overrides } from '../../support/configuration.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';
import { atSite, count } from '../../support/running-limits.js';
import { jdoe } from '../../support/stages.js';

const asia = { vo: 'lhcb', group: 'lhcb_user', subject: 'asia', username: 'asia' };

describe('decisions of the matcher', () => {
  let wms: MatchingTest;
  const start = async (overrides: Overrides): Promise<void> => {
    wms = await startMatching(overrides);
  };
  afterEach(() => wms.close());
  const decisionOf = async (job: number | undefined) => {
    const [decided] = await readDecisions(wms.database, job ?? 0);
    const decision = decided?.decision ?? null;
    if (decided === undefined || decision === null) throw new Error('It is in the sample');
    return { ...decided, decision };
  };

  it('are kept with what was passed over, read again, replayed, and removed in time', async () => {
    await start({ decisions: { sample_one_in: 1 } });
    const [large] = await wms.submit({ min_processors: 8, priority: 9 });
    const [first, second] = await wms.submit({ priority: 3 }, { count: 2 });
    const server = wms.server();
    expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: first }]);
    const decided = await decisionOf(first);
    expect(decided).toMatchObject({ job: first, attempt: 1, configurationVersion: 1, turn: { owner: 0 } });
    expect(decided.taskQueue).toBe(decided.decision.chosen.queue);
    expect(decided.decision.candidates).toMatchObject([
      { headJob: large, mismatch: 'processors', bar: null },
      { headJob: first, mismatch: null, bar: null },
    ]);
    await server.claim(await wms.pilot());
    const sample = await sampledSince(wms.database, '2026-01-01 00:00:00', 10);
    expect(sample.map(({ job }) => job)).toEqual([first, second]);
    for (const { decision } of sample) {
      if (decision === null) throw new Error('It is in the sample');
      expect(await replay(decision)).toEqual(decision.chosen);
    }
    // What would have been decided without the one reason is something else.
    const changed = structuredClone(decided.decision);
    changed.free.processors = 8;
    changed.whole.processors = 8;
    expect(await replay(changed)).toMatchObject({ job: large });
    expect(await removeDecisions(wms.database, 1)).toBe(0);
    await wms.database.execute('UPDATE decisions SET decided_at = NOW(6) - INTERVAL 2 DAY WHERE job_id = ?', [first]);
    expect(await removeDecisions(wms.database, 1)).toBe(1);
    const [left] = await readDecisions(wms.database, first ?? 0);
    expect(left).toMatchObject({ decision: null, taskQueue: decided.taskQueue });
  });

  it('name the limits that stood in the way, of an owner also in a group that shares its jobs', async () => {
    await start({
      decisions: { sample_one_in: 1 },
      ...atSite({ job_type: 'Test', max_running: 0 }),
      vos: { lhcb: { running_limits: [{ owner: 'jdoe', max_running: 1 }] } },
    });
    const server = wms.server();
    const shared = { vo: 'lhcb', group: 'lhcb_prod', subject: '', username: '' };
    const jdoes = await wms.submit({}, { count: 2 });
    expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: jdoes[0] }]);
    const [merge] = await wms.submit({ job_type: 'Test' }, { owner: shared });
    const [prod] = await wms.submit({ cpu_work: 100 }, { owner: shared });
    const [other] = await wms.submit({ cpu_work: 100, priority: 0 }, { owner: shared });
    await wms.database.execute("UPDATE jobs SET owner = 'jdoe', owner_subject = ? WHERE job_id = ?", [
      jdoe.subject,
      prod,
    ]);
    await wms.database.execute("UPDATE jobs SET owner = 'asia', owner_subject = 'asia' WHERE job_id = ?", [other]);
    expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: other }]);
    const { decision } = await decisionOf(other);
    const limits = decision.candidates.map((one) => [
      one.headJob,
      one.bar,
      one.limits.map((key) => readKey(key).scope),
    ]);
    expect(limits).toContainEqual([merge, 'limit', [{ jobType: 'test', site: 'demo.local' }]]);
    expect(await replay(decision)).toEqual(decision.chosen);
    await wms.submit({ priority: 9 });
    const [asias] = await wms.submit({}, { owner: asia });
    expect(await server.claim(await wms.pilot())).toMatchObject([{ job_id: asias }]);
    const barred = (await decisionOf(asias)).decision.candidates.filter(({ bar }) => bar !== null);
    expect(barred.flatMap((one) => one.limits.map((key) => readKey(key).scope.owner))).toContain('jdoe');
  });

  it('say for which task queue a pilot was kept free, and for which other pilots were', async () => {
    await start({ decisions: { sample_one_in: 1 } });
    const small = await wms.submit({}, { count: 3 });
    const [large] = await wms.submit({ min_processors: 2, priority: 9 });
    const server = wms.server();
    const { kept } = server.claims.prospects;
    const [one, two] = [await wms.pilot(), await wms.pilot()];
    await server.index.rebuild();
    const queue = [...server.index.queues.all()].find(({ headJob }) => headJob === large);
    if (queue === undefined) throw new Error('The queue waits');
    queue.since -= 3_600_000;
    expect(kept.keep(one, queue)).toBe(true);
    const [got] = await server.claim(two, { offer: { idle: false } });
    expect(small).toContain(got?.job_id);
    const { decision } = await decisionOf(got?.job_id);
    expect(decision.kept).toMatchObject({ own: null, pilots: [{ stamp: one, queue: queue.id }], patience: 600_000 });
    expect(decision.candidates[0]).toMatchObject({ headJob: large, mismatch: 'processors', bar: null, keptPilots: 1 });
    expect(await replay(decision)).toEqual(decision.chosen);
    // Had nobody been kept for it, this pilot would have been.
    const alone = structuredClone(decision);
    for (const candidate of alone.candidates) candidate.keptPilots = 0;
    expect(await replay(alone)).toBeNull();
    expect(await server.claim(one, { offer: { processors: 2, memory: 3_000, idle: false } })).toMatchObject([
      { job_id: large },
    ]);
    const forced = (await decisionOf(large)).decision;
    expect(forced.kept.own).toMatchObject({ queue: queue.id });
    expect(await replay(forced)).toEqual(forced.chosen);
  });

  it('leave nothing behind where none is in the sample', async () => {
    await start({ decisions: { sample_one_in: 2 } });
    await wms.submit({}, { count: 4 });
    const server = wms.server();
    for (let claims = 0; claims < 3; claims += 1) await server.claim(await wms.pilot());
    expect(await count(wms, 'attempts')).toBe(3);
    expect(await count(wms, 'decisions')).toBe(1);
  });
});
