import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SiteHolds } from '../../../src/wms/checking/site-holds.js';
import { announceSandbox } from '../../support/announce-sandbox.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe } from '../../support/stages.js';

const onHold = 'On Hold: no requested site is active';
const waiting = 'Pilot Agent Submission';
const forever = new AbortController().signal;

describe('jobs that name sites of which none is active', () => {
  let wms: MatchingTest;
  let holds: SiteHolds;

  beforeAll(async () => {
    const queues = { all: { vos: ['lhcb', 'biomed'], processors: 2, memory: 4_000 } };
    wms = await startMatching({ sites: { 'Other.Site': { ces: { ce: { driver: 'local', queues } } } } });
    holds = new SiteHolds(wms.database, wms.statuses);
  });
  afterAll(() => wms.close());

  const set = (name: string, status: 'Banned' | 'Probing' | 'Degraded'): Promise<boolean> =>
    wms.statuses.set({ kind: 'site', name, vo: '', access: '', status, reason: 'why', expires: null }, 'test');
  const clear = (name: string): Promise<boolean> =>
    wms.statuses.clear({ kind: 'site', name, vo: '', access: '' }, 'over', 'test');
  const submit = async (given: Record<string, unknown>): Promise<number> => {
    const [accepted] = await wms.submission.submitJsons(jdoe, [{ executable: '/bin/true', ...given }]);
    return accepted?.JobID ?? 0;
  };
  const minorOf = async (jobId: number): Promise<unknown> => {
    const { status, minor_status } = await wms.job(jobId);
    return `${String(status)}/${String(minor_status)}`;
  };

  it('wait and say so, and run when one is active again, without another check', async () => {
    await set('Demo.Local', 'Banned');
    const named = await submit({ sites: ['Demo.Local'] });
    const several = await submit({ sites: ['Demo.Local', 'Other.Site'] });
    const anywhere = await submit({});
    expect(await minorOf(named)).toBe(`Waiting/${onHold}`);
    expect(await wms.history(named)).toEqual(['Received/Job accepted', `Waiting/${onHold}`]);
    expect([await minorOf(several), await minorOf(anywhere)]).toEqual([`Waiting/${waiting}`, `Waiting/${waiting}`]);

    await clear('Demo.Local');
    const server = wms.server();
    const got = await server.claim(await wms.pilot(), { maxJobs: 8, offer: { processors: 8, memory: 16_000 } });
    expect(got.map(({ job_id }) => job_id).toSorted()).toEqual([named, several, anywhere].toSorted());
    expect(await minorOf(named)).toBe('Matched/Assigned');
  });

  it('say so after their check too', async () => {
    await set('Demo.Local', 'Banned');
    const pfn = await announceSandbox(wms, 'bytes');
    await wms.sandboxElement.put(pfn.slice(pfn.indexOf('/S3/') + 4), Buffer.from('bytes'));
    const jobId = await submit({ sites: ['Demo.Local'], input_sandbox: [pfn] });
    await wms.checkJobs.run([jobId]);
    expect(await minorOf(jobId)).toBe(`Waiting/${onHold}`);
    await clear('Demo.Local');
    expect((await wms.server().claim(await wms.pilot())).map(({ job_id }) => job_id)).toEqual([jobId]);
  });

  it('are looked at again when the status of a site changes, in either direction', async () => {
    const user = await submit({ sites: ['demo.LOCAL', 'Other.Site'] });
    const test = await submit({ sites: ['Demo.Local', 'Other.Site'], job_type: 'Test' });
    const many = await wms.submit({ sites: ['Other.Site'] }, { count: 2_500 });
    await wms.database.execute('UPDATE jobs SET minor_status = ? WHERE job_id IN (?)', [waiting, many]);
    await holds.refresh(forever);
    await holds.refresh(forever);
    expect(await holds.refresh(forever)).toEqual({ held: 0, released: 0 });
    await set('Demo.Local', 'Probing');
    expect(await holds.refresh(forever)).toEqual({ held: 0, released: 0 });
    await set('Other.Site', 'Banned');
    expect(await holds.refresh(forever)).toEqual({ held: 1 + 2_500, released: 0 });
    expect([await minorOf(user), await minorOf(test)]).toEqual([`Waiting/${onHold}`, `Waiting/${waiting}`]);
    expect(await holds.refresh(forever)).toEqual({ held: 0, released: 0 });
    await set('Other.Site', 'Degraded');
    // Another process looks, which has seen nothing of all this.
    expect(await new SiteHolds(wms.database, wms.statuses).refresh(forever)).toEqual({ held: 0, released: 2_501 });
    expect([await minorOf(user), await minorOf(many[0] ?? 0)]).toEqual([`Waiting/${waiting}`, `Waiting/${waiting}`]);
  });
});
