import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { takeJobs } from '../../../src/wms/matching/take-jobs.sql.js';
import { anOffer, type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe, rroe } from '../../support/stages.js';

const big = { processors: 64, memory: 256_000 };
const member = (name: string) => ({ vo: 'lhcb', group: 'lhcb_prod', subject: `lhcb:${name}`, username: name });

describe('claiming jobs', () => {
  let wms: MatchingTest;

  beforeAll(async () => {
    wms = await startMatching({
      sites: {
        'Demo.Local': { ces: { local: { queues: { all: { processors: 64, memory: 256_000, whole_node: true } } } } },
      },
    });
  });
  afterAll(() => wms.close());

  it('gives each of 2,000 jobs to exactly one of eight pilots on two servers that claim at once', async () => {
    const ids = [
      ...(await wms.submit({}, { count: 1_000 })),
      ...(await wms.submit({ tags: ['x'] }, { count: 500 })),
      ...(await wms.submit({ cpu_work: 3_600 }, { count: 500, owner: rroe })),
    ];
    const servers = [wms.server(), wms.server()];
    const stamps = await Promise.all(Array.from({ length: 8 }, () => wms.pilot()));
    const claimed: number[] = [];
    const claimAll = async (stamp: string, at: number): Promise<void> => {
      let empty = 0;
      while (empty < 3) {
        const server = servers[at % 2];
        const got = (await server?.claim(stamp, { maxJobs: 10, offer: { ...big, tags: ['x'] } })) ?? [];
        claimed.push(...got.map(({ job_id }) => job_id));
        empty = got.length === 0 ? empty + 1 : 0;
      }
    };
    await Promise.all(stamps.map(claimAll));
    expect(claimed.length).toBe(2_000);
    expect(new Set(claimed)).toEqual(new Set(ids));
    const [{ bad } = { bad: -1 }] = await wms.database.query<{ bad: number }>(
      `SELECT COUNT(*) AS bad FROM jobs j LEFT JOIN leases l USING (job_id)
       WHERE j.job_id IN (?) AND (j.status <> 'Matched' OR j.attempt <> 1 OR j.waiting_in IS NOT NULL OR l.attempt <> 1)`,
      [ids],
    );
    expect(bad).toBe(0);
  }, 60_000);

  it('locks the jobs that it looks at in several queues; another matcher passes them over without waiting', async () => {
    const ids = [
      ...(await wms.submit({ tags: ['left'] }, { count: 2 })),
      ...(await wms.submit({ tags: ['right'] }, { count: 2 })),
    ];
    const rows = await wms.database.query<{ queue: number }>(
      'SELECT DISTINCT waiting_in AS queue FROM jobs WHERE job_id IN (?)',
      [ids],
    );
    const orders = rows.map(({ queue }) => ({ queue, limit: 1, seen: [], owner: null }));
    const taken = await wms.database.transaction(async (one) => {
      const first = (await takeJobs(one, orders)).flat();
      const second = await wms.database.transaction((other) => takeJobs(other, orders));
      return [first, second.flat()].map((jobs) => jobs.map(({ job_id }) => job_id).toSorted());
    });
    expect(taken.map((jobs) => jobs.length)).toEqual([2, 2]);
    expect(taken.flat().toSorted()).toEqual(ids.toSorted());
    await wms.database.execute('UPDATE jobs SET waiting_in = NULL WHERE job_id IN (?)', [ids]);
  });

  it('writes attempt, lease, history and the configuration version in the same commit', async () => {
    const [jobId = 0] = await wms.submit();
    const stamp = await wms.pilot();
    const [attempt] = await wms.server().claim(stamp);
    expect(attempt).toMatchObject({
      job_id: jobId,
      attempt: 1,
      stamp,
      site: 'Demo.Local',
      processors: 1,
      owner: 'jdoe',
    });
    expect(await wms.job(jobId)).toMatchObject({ status: 'Matched', minor_status: 'Assigned', site: 'Demo.Local' });
    expect(await wms.history(jobId)).toEqual(['Matched/Assigned']);
    const [row] = await wms.database.query('SELECT * FROM attempts WHERE job_id = ?', [jobId]);
    expect(row).toMatchObject({ attempt: 1, ce: 'local', configuration_version: 1, ended_at: null });
    const [pilot] = await wms.database.query('SELECT * FROM pilots WHERE stamp = ?', [stamp]);
    expect(pilot).toMatchObject({ initial_job_id: jobId, current_job_id: jobId, bound_owner: null });
  });

  it('answers a claim that is repeated, also at the same time, with the same jobs', async () => {
    await wms.submit({}, { count: 10 });
    const stamp = await wms.pilot();
    const claimId = randomUUID();
    const servers = [wms.server(), wms.server()];
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, at) => servers[at % 2]?.claim(stamp, { claimId, maxJobs: 3, offer: big })),
    );
    const ids = replies.map((reply) => reply?.map(({ job_id }) => job_id).toSorted());
    expect(ids[0]).toHaveLength(3);
    for (const one of ids) expect(one).toEqual(ids[0]);
    await wms.server().claim(await wms.pilot(), { maxJobs: 64, offer: big });
  });

  it('packs several jobs into an offer, and gives a whole node to one job only when it is idle', async () => {
    await wms.submit({ min_processors: 4, min_ram: 4_000 }, { count: 5 });
    const [whole] = await wms.submit({ whole_node: true, cpu_work: 360 });
    const server = wms.server();
    const offer = { processors: 16, memory: 13_000 };
    const got = await server.claim(await wms.pilot(), { maxJobs: 8, offer: { ...offer, idle: false } });
    expect(got.map(({ processors, memory }) => [processors, memory])).toEqual([
      [4, 4_000],
      [4, 4_000],
      [4, 4_000],
    ]);
    const rest = await server.claim(await wms.pilot(), { maxJobs: 8, offer: { ...offer, idle: false } });
    expect(rest).toHaveLength(2);
    const idle = await server.claim(await wms.pilot(), { maxJobs: 8, offer });
    expect(idle.map(({ job_id, processors, memory }) => [job_id, processors, memory])).toEqual([[whole, 16, 13_000]]);
  });

  it('gives priority 10 before priority 0 within one owner, whatever the task queue, and then the older job', async () => {
    const [low = 0] = await wms.submit({ priority: 0 });
    const [high = 0, next = 0] = await wms.submit({ priority: 10, cpu_work: 3_600 }, { count: 2 });
    const [middle = 0] = await wms.submit({ priority: 5, cpu_work: 3_600 });
    const [other = 0] = await wms.submit({ priority: 7, cpu_work: 360 });
    const got = await wms.server().claim(await wms.pilot(), { maxJobs: 5, offer: big });
    expect(got.map(({ job_id }) => job_id)).toEqual([high, next, other, middle, low]);
  });

  it('binds a pilot that cannot separate payloads to its first owner, in a group with JobSharing too', async () => {
    await wms.submit({}, { count: 2, owner: jdoe });
    await wms.submit({}, { count: 2, owner: rroe });
    const server = wms.server();
    const stamp = await wms.pilot({ isolation: 'none' });
    const first = await server.claim(stamp);
    const rest = await server.claim(stamp, { maxJobs: 8, offer: big });
    expect(rest.map(({ owner }) => owner)).toEqual([first[0]?.owner]);
    expect(await server.claim(stamp, { maxJobs: 8, offer: big })).toEqual([]);
    const others = await server.claim(await wms.pilot(), { maxJobs: 8, offer: big });
    expect(others.map(({ owner }) => owner)).toEqual(
      [rroe, jdoe]
        .map(({ username }) => username)
        .filter((name) => name !== first[0]?.owner)
        .flatMap((name) => [name, name]),
    );

    await wms.submit({}, { owner: member('anna') });
    await wms.submit({}, { owner: member('bert') });
    await wms.submit({}, { owner: member('anna') });
    const shared = await wms.pilot({ isolation: null });
    const got = await server.claim(shared, { maxJobs: 8, offer: big });
    expect(got.map(({ owner }) => owner)).toEqual(['anna', 'anna']);
    expect((await server.claim(await wms.pilot(), { maxJobs: 8, offer: big })).map(({ owner }) => owner)).toEqual([
      'bert',
    ]);
  });

  it('gives a pilot of one VO no job of another, and a pilot that has ended nothing at all', async () => {
    const [jobId = 0] = await wms.submit();
    const server = wms.server();
    expect(await server.claim(await wms.pilot({ vo: 'biomed' }))).toEqual([]);
    await expect(server.claim(await wms.pilot({ status: 'Done' }))).rejects.toMatchObject({ code: 'pilot-ended' });
    await expect(server.claim('f'.repeat(32))).rejects.toMatchObject({ code: 'pilot-not-found' });
    const [got] = await server.claim(await wms.pilot());
    expect(got?.job_id).toBe(jobId);
  });

  it('does not make a claim whose client has gone, nor one of a pilot that shall end', async () => {
    await wms.submit();
    const server = wms.server();
    await server.index.rebuild();
    const gone = AbortSignal.abort();
    const wish = { claimId: randomUUID(), offer: anOffer, maxJobs: 1 };
    expect(await server.claims.make({ stamp: await wms.pilot(), ...wish, signal: gone })).toMatchObject({ jobs: [] });
    expect(await server.claim(await wms.pilot({ drain: true }))).toEqual([]);
    expect(await server.claim(await wms.pilot())).toHaveLength(1);
  });

  it('refuses an offer that contradicts itself without harm to those that came with it', async () => {
    await wms.submit();
    const server = wms.server();
    const [bad, good] = await Promise.allSettled([
      server.claim(await wms.pilot(), { offer: { required_tags: ['gpu'] } }),
      server.claim(await wms.pilot()),
    ]);
    expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'wrong-conditions' } });
    expect(good).toMatchObject({ status: 'fulfilled', value: [{ attempt: 1 }] });
  });

  it('kills a job or gives it away, never both, when both happen at once', async () => {
    const ids = await wms.submit({}, { count: 60 });
    const server = wms.server();
    const pilots = await Promise.all(Array.from({ length: 10 }, () => wms.pilot()));
    const kill = (jobId: number) =>
      wms.jobs.change((tx, effects) =>
        wms.jobs.move(tx, effects, [{ jobId, to: 'Killed', from: ['Waiting'], source: 'User' }]),
      );
    const [claims, kills] = await Promise.all([
      Promise.all(pilots.map((stamp) => server.claim(stamp, { maxJobs: 6, offer: big }))),
      Promise.all(ids.map(kill)),
    ]);
    const claimed = claims.flat().map(({ job_id }) => job_id);
    const killed = ids.filter((id, at) => kills[at]?.get(id)?.changed === true);
    expect(claimed.filter((id) => killed.includes(id))).toEqual([]);
    const left = await server.claim(await wms.pilot(), { maxJobs: 60, offer: big });
    expect(new Set([...claimed, ...killed, ...left.map(({ job_id }) => job_id)])).toEqual(new Set(ids));
  });
});

describe('fair share', () => {
  it('serves two owners in the ratio of their shares in the long run, within 2 %', async () => {
    const wms = await startMatching({
      vos: { lhcb: { groups: { lhcb_user: { owner_shares: { jdoe: 3, rroe: 1 } } } } },
    });
    try {
      await wms.submit({}, { count: 400, owner: jdoe });
      await wms.submit({}, { count: 400, owner: rroe });
      const server = wms.server();
      const stamps = await Promise.all(Array.from({ length: 20 }, () => wms.pilot()));
      const owners: string[] = [];
      for (let round = 0; round < 20; round += 1) {
        const got = await Promise.all(stamps.map((stamp) => server.claim(stamp)));
        owners.push(...got.flat().map(({ owner }) => owner));
      }
      expect(owners).toHaveLength(400);
      const share = owners.filter((owner) => owner === 'jdoe').length / 400;
      expect(Math.abs(share - 0.75)).toBeLessThan(0.02);
    } finally {
      await wms.close();
    }
  }, 60_000);

  it('refuses pilots without isolation where the VO demands it', async () => {
    const wms = await startMatching({ vos: { lhcb: { demand_isolation: true } } });
    try {
      await wms.submit();
      const server = wms.server();
      await expect(server.claim(await wms.pilot({ isolation: 'none' }))).rejects.toMatchObject({ code: 'forbidden' });
      expect(await server.claim(await wms.pilot())).toHaveLength(1);
    } finally {
      await wms.close();
    }
  });
});
