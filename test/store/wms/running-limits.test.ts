import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import type { Overrides } from '../../support/configuration.js';
import { type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { atSite, big, claimAll, count, end, expectWholeSlots, reconfigure } from '../../support/running-limits.js';
import { jdoe, rroe } from '../../support/stages.js';

const member = (name: string) => ({ vo: 'lhcb', group: 'lhcb_prod', subject: `lhcb:${name}`, username: name });

describe('limits on running jobs', () => {
  let wms: MatchingTest;
  const start = async (overrides: Overrides): Promise<void> => {
    wms = await startMatching(overrides);
  };
  afterEach(() => wms.close());

  it('never let more than 5 jobs run for 20 pilots that claim and end at once on two servers; all jobs are done in the end', async () => {
    await start(atSite({ job_type: 'User', max_running: 5 }));
    const jobs = 60;
    await wms.submit({}, { count: jobs });
    const servers = [wms.server(), wms.server()];
    const stamps = await Promise.all(Array.from({ length: 20 }, () => wms.pilot()));
    let over = false;
    let most = 0;
    const watch = async (): Promise<void> => {
      while (!over) most = Math.max(most, await count(wms, 'leases'));
    };
    let ended = 0;
    const work = async (stamp: string, at: number): Promise<void> => {
      const server = servers[at % 2] as Matcher;
      while (ended < jobs) {
        const given = await server.claim(stamp, { maxJobs: 3, offer: big });
        for (const attempt of given) {
          await delay(Math.random() * 20);
          await end(server, attempt);
          ended += 1;
        }
        if (given.length === 0) await delay(20);
      }
    };
    const watching = watch();
    await Promise.all(stamps.map(work));
    over = true;
    await watching;
    expect(most).toBe(5);
    expect(await count(wms, "jobs WHERE status = 'Done'")).toBe(jobs);
    expect(await count(wms, 'limit_uses')).toBe(0);
    await expectWholeSlots(wms);
  }, 120_000);

  it('give the slot of an attempt back when its lease expires, its pilot is gone, or it is told to run again', async () => {
    await start(atSite({ max_running: 3 }));
    await wms.submit({}, { count: 4 });
    const server = wms.server();
    const [crashed, gone, other] = [await wms.pilot(), await wms.pilot(), await wms.pilot()];
    const [lost] = await server.claim(crashed);
    await server.claim(gone);
    await server.claim(other);
    expect(await claimAll(server, other)).toEqual([]);
    await wms.database.execute('UPDATE leases SET expires_at = NOW(6) - INTERVAL 5 SECOND WHERE job_id = ?', [
      lost?.job_id,
    ]);
    expect(await server.leases.expire(10)).toBe(1);
    expect(await server.pilotEnds.pilotGone(gone, 'Pilot is gone')).toBe(1);
    expect(await count(wms, 'limit_uses')).toBe(1);
    await expectWholeSlots(wms);
    const again = await claimAll(server, other);
    expect(again).toHaveLength(2);
    await Promise.all(again.map((attempt) => end(server, attempt)));
    expect(await count(wms, 'limit_uses')).toBe(1);
    await expectWholeSlots(wms);
  });

  it('that are lowered stop new jobs until fewer run, and kill nothing; raised ones let more begin at once', async () => {
    await start(atSite({ max_running: 6 }));
    await wms.submit({}, { count: 20 });
    const server = wms.server();
    const stamp = await wms.pilot();
    const running = await claimAll(server, stamp);
    expect(running).toHaveLength(6);
    await reconfigure(wms, atSite({ max_running: 3 }));
    for (const left of [5, 4, 3]) {
      await end(server, running.shift() as ClaimedAttempt);
      expect(await claimAll(server, stamp)).toEqual([]);
      expect(await count(wms, 'leases')).toBe(left);
    }
    await end(server, running.shift() as ClaimedAttempt);
    expect(await claimAll(server, stamp)).toHaveLength(1);
    await reconfigure(wms, atSite({ max_running: 8 }));
    expect(await claimAll(server, stamp)).toHaveLength(5);
    expect(await count(wms, 'leases')).toBe(8);
    await expectWholeSlots(wms);
  });

  it('that are new count what runs already, and only that', async () => {
    await start({});
    await wms.submit({}, { count: 6 });
    await wms.submit({}, { count: 4, owner: rroe });
    const server = wms.server();
    const stamp = await wms.pilot();
    const running = await server.claim(stamp, { maxJobs: 4, offer: { processors: 4, memory: 256_000 } });
    expect(await count(wms, 'limit_keys')).toBe(0);
    const ofJdoe = running.filter(({ owner }) => owner === 'jdoe').length;
    await reconfigure(wms, atSite({ owner: '*', max_running: ofJdoe + 1 }, { owner: 'rroe', max_running: 2 }));
    const more = await claimAll(server, stamp);
    expect(more.filter(({ owner }) => owner === 'jdoe')).toHaveLength(1);
    expect(running.concat(more).filter(({ owner }) => owner === 'rroe')).toHaveLength(2);
    expect(await count(wms, 'limit_uses')).toBe(ofJdoe + 3);
    for (const attempt of running.concat(more)) await end(server, attempt);
    expect(await count(wms, 'limit_uses')).toBe(0);
    await expectWholeSlots(wms);
  });

  it('hold for a VO, a group, a site and a CE at once; a job that any of them stops does not use up the others', async () => {
    await start({
      running_limits: [{ vo: '*', max_running: 7 }],
      vos: { lhcb: { groups: { lhcb_user: { running_limits: [{ owner: '*', max_running: 3 }] } } } },
      sites: { 'Demo.Local': { ces: { local: { running_limits: [{ group: 'lhcb_user', max_running: 5 }] } } } },
    });
    for (const owner of [jdoe, rroe]) await wms.submit({}, { count: 10, owner });
    const server = wms.server();
    const here = await claimAll(server, await wms.pilot());
    expect(here).toHaveLength(5);
    for (const name of ['jdoe', 'rroe']) {
      expect(here.filter(({ owner }) => owner === name).length).toBeLessThanOrEqual(3);
    }
    const elsewhere = await claimAll(server, await wms.pilot({ site: 'Elsewhere' }));
    expect(elsewhere).toHaveLength(1);
    const whose = [...here, ...elsewhere].map(({ owner }) => owner);
    expect(whose.toSorted()).toEqual(['jdoe', 'jdoe', 'jdoe', 'rroe', 'rroe', 'rroe']);
  });

  it('of owners are exact in a queue that several owners share', async () => {
    await start({ vos: { lhcb: { groups: { lhcb_prod: { running_limits: [{ owner: '*', max_running: 2 }] } } } } });
    for (const [name, jobs] of [
      ['ann', 30],
      ['bob', 3],
      ['cat', 1],
    ] as const) {
      await wms.submit({}, { count: jobs, owner: member(name) });
    }
    const server = wms.server();
    const stamp = await wms.pilot();
    const given = [...(await claimAll(server, stamp)), ...(await claimAll(server, stamp))];
    expect(given.map(({ owner }) => owner).toSorted()).toEqual(['ann', 'ann', 'bob', 'bob', 'cat']);
    await end(server, given.find(({ owner }) => owner === 'bob') as ClaimedAttempt);
    expect((await claimAll(server, stamp)).map(({ owner }) => owner)).toEqual(['bob']);
    await expectWholeSlots(wms);
  });

  it('space out what begins: a delay lets one job begin at a time, a rate so many a minute, whether they run or not', async () => {
    await start(atSite({ job_type: 'User', delay_seconds: 2 }));
    await wms.submit({}, { count: 4 });
    const [one, two] = [wms.server(), wms.server()];
    const stamp = await wms.pilot();
    const given: ClaimedAttempt[] = [];
    while (given.length < 3) {
      const claimed = await Promise.all([claimAll(one, stamp), claimAll(two, await wms.pilot())]);
      for (const attempt of claimed.flat()) await end(one, attempt);
      given.push(...claimed.flat());
      await delay(50);
    }
    const rows = await wms.database.query<{ gap: number | null }>(
      `SELECT TIMESTAMPDIFF(MICROSECOND, LAG(claimed_at) OVER (ORDER BY claimed_at), claimed_at) / 1e6 AS gap FROM attempts`,
    );
    const gaps = rows.flatMap(({ gap }) => (gap === null ? [] : [Number(gap)]));
    expect(gaps).toHaveLength(2);
    // The slot was given some moments after its job was chosen.
    for (const gap of gaps) expect(gap).toBeGreaterThan(1);
    await reconfigure(wms, atSite({ per_minute: 2 }));
    await wms.submit({}, { count: 4 });
    expect(await claimAll(one, stamp)).toHaveLength(2);
    expect(await claimAll(two, stamp)).toEqual([]);
    await wms.database.execute('UPDATE limit_slots SET not_before = not_before - INTERVAL 60 SECOND');
    await delay(50);
    expect(await claimAll(wms.server(), stamp)).toHaveLength(2);
    expect(await count(wms, 'limit_uses')).toBe(0);
  }, 60_000);
});
