import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Log } from '../../../src/platform/index.js';
import type { AttemptOutcome, FailureClass } from '../../../src/contract/index.js';
import { BlackHoleWatch } from '../../../src/wms/index.js';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import { readAudit } from '../../../src/auth/index.js';
import { holderOf, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';
import { rroe } from '../../support/stages.js';

const lost: { outcome: AttemptOutcome; failure_class: FailureClass } = {
  outcome: 'failed',
  failure_class: 'infrastructure',
};

describe('a site with five hosts, two pilots on each', () => {
  let wms: MatchingTest;
  let server: Matcher;
  let watch: BlackHoleWatch;
  let pilots: { stamp: string; host: string }[];

  beforeEach(async () => {
    wms = await startMatching();
    server = wms.server();
    await server.statuses.start();
    watch = new BlackHoleWatch(wms.database, server.statuses, 120);
    pilots = [];
    for (const host of ['node1', 'node2', 'node3', 'node4', 'node5']) {
      for (let nth = 0; nth < 2; nth += 1) {
        pilots.push({ host, stamp: await wms.pilot({ node: JSON.stringify({ hostname: host }) }) });
      }
    }
    await serves(server);
  });
  afterEach(() => wms.close());

  const round = () =>
    watch.round({
      document: wms.configuration.get().document,
      signal: AbortSignal.timeout(60_000),
      log: new Log('test', 'error', () => undefined),
    });
  const on = (host: string): string[] => pilots.flatMap((pilot) => (pilot.host === host ? [pilot.stamp] : []));
  const end = async (attempt: ClaimedAttempt, how: { outcome: AttemptOutcome; failure_class?: FailureClass }) =>
    server.ends.take(holderOf(attempt), { ...how, minor_status: 'test', parameters: {} });
  /** Pilots take jobs one by one, all at the same time, until they get none or have had `most` each; gives how many. */
  async function eat(stamps: readonly string[], how: (attempt: ClaimedAttempt) => Promise<void>, most = 1_000) {
    const counts = await Promise.all(
      stamps.map(async (stamp) => {
        for (let count = 0; count < most; count += 1) {
          const [attempt] = await server.claim(stamp);
          if (attempt === undefined) return count;
          await how(attempt);
        }
        return most;
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }
  const lose = (attempt: ClaimedAttempt) => end(attempt, lost);
  const finish = (attempt: ClaimedAttempt) => end(attempt, { outcome: 'done' });
  const statusOf = (kind: 'host' | 'ce' | 'site', name: string) => server.statuses.of(kind, name, 'lhcb');
  /** Others get jobs from this server too. */
  const serves = async (matcher: Matcher) => {
    await wms.submit({}, { count: 3 });
    for (const host of ['node2', 'node4', 'node5']) {
      for (const attempt of await matcher.claim(on(host)[0] ?? '')) await finish(attempt);
    }
    await wms.database.execute('DELETE FROM attempt_ends');
  };
  const passTime = () => wms.database.execute('UPDATE black_holes SET until_at = NOW(6)');

  it('loses few jobs to a host that eats them; all are done by the others, and the host comes back by probing', async () => {
    const ids = await wms.submit({}, { count: 200 });
    const bad = on('node3');
    const good = pilots.flatMap(({ stamp, host }) => (host === 'node3' ? [] : [stamp]));
    // The brake: before anybody has judged, and however fast its pilots come back.
    const eaten = await eat(bad, lose);
    expect(eaten).toBeGreaterThanOrEqual(5);
    expect(eaten).toBeLessThanOrEqual(5 + bad.length);
    // Nobody knows yet how others do by this work: nobody is blamed.
    expect(await round()).toMatchObject({ setAside: 0, alarms: [] });
    await eat(good, finish, 3);
    expect(await round()).toMatchObject({ setAside: 1, alarms: [] });
    expect(statusOf('host', 'Demo.Local/NODE3')).toMatchObject({
      status: 'Banned',
      author: 'black-hole watch',
      reason: `${eaten} of ${eaten} jobs on host demo.local/node3 lost within 1 s; others at demo.local: 0 of 24`,
    });
    expect(await readAudit(wms.database, 5, { action: 'resource.set' })).toMatchObject([
      { actor: 'black-hole watch', subject: 'host:demo.local/node3' },
    ]);
    expect(await round()).toMatchObject({ setAside: 0, alarms: [] });
    expect(await eat(bad, lose)).toBe(0);
    await eat(good, finish);
    const rows = await wms.database.query<{ status: string; most: number; jobs: number }>(
      'SELECT status, MAX(infrastructure_failures) AS most, COUNT(*) AS jobs FROM jobs WHERE job_id IN (?) GROUP BY status',
      [ids],
    );
    expect(rows).toMatchObject([{ status: 'Done', jobs: 200 }]);
    expect(rows[0]?.most).toBeLessThanOrEqual(5 + bad.length);

    // Mended: one job at a time, then as before.
    await wms.submit({}, { count: 20 });
    await passTime();
    expect(await round()).toMatchObject({ probed: 1 });
    expect(statusOf('host', 'Demo.Local/node3')).toMatchObject({ status: 'Probing' });
    const other = wms.server();
    await other.statuses.start();
    const [first = [], second = []] = await Promise.all([
      server.claim(bad[0] ?? '', { maxJobs: 4, offer: { processors: 4 } }),
      other.claim(bad[1] ?? '', { maxJobs: 4, offer: { processors: 4 } }),
    ]);
    expect([...first, ...second]).toHaveLength(1);
    for (const attempt of [...first, ...second]) await finish(attempt);
    expect(await round()).toMatchObject({ released: 0 });
    expect(await eat([bad[0] ?? ''], finish, 2)).toBe(2);
    expect(await round()).toMatchObject({ released: 1, setAside: 0 });
    expect(statusOf('host', 'Demo.Local/node3')).toBeNull();
    expect(await server.claim(bad[0] ?? '', { maxJobs: 4, offer: { processors: 4 } })).toHaveLength(4);
    // What it did before it was let go is forgiven.
    expect(await round()).toMatchObject({ setAside: 0, holes: [{ state: 'Released' }] });
    await passTime();
    await wms.database.execute('DELETE FROM attempt_ends');
    expect(await round()).toMatchObject({ holes: [] });
  });

  it('bans a host again, for longer, that loses a job by which it is tried', async () => {
    await wms.submit({}, { count: 30 });
    await eat(on('node1'), lose);
    await eat([...on('node2'), ...on('node3')], finish, 2);
    expect(await round()).toMatchObject({ setAside: 1 });
    await passTime();
    expect(await round()).toMatchObject({ probed: 1 });
    expect(await eat(on('node1'), lose, 1)).toBe(1);
    expect(await round()).toMatchObject({ relapsed: 1, released: 0 });
    const [hole] = await wms.database.query<{ state: string; seconds: number }>(
      'SELECT state, relapses, TIMESTAMPDIFF(SECOND, changed_at, until_at) AS seconds FROM black_holes',
    );
    expect(hole).toMatchObject({ state: 'Banned', relapses: 1, seconds: 1_800 });
    expect(await eat(on('node1'), lose)).toBe(0);
  });

  it('is shown as degraded, with nothing set aside, when all its hosts lose jobs', async () => {
    await wms.submit({}, { count: 40 });
    await wms.submit({}, { count: 40, owner: rroe });
    const all = pilots.map(({ stamp }) => stamp);
    const eaten = await eat(all, lose);
    expect(eaten).toBeLessThanOrEqual(5 * (5 + 2));
    const { setAside, alarms } = await round();
    expect(setAside).toBe(0);
    expect(alarms).toMatchObject([{ blame: { level: 'ce', name: 'demo.local/local' } }]);
    expect(statusOf('site', 'Demo.Local')).toMatchObject({ status: 'Degraded', author: 'black-hole watch' });
    expect(await wms.database.query('SELECT * FROM black_holes')).toEqual([]);
    const [most] = await wms.database.query('SELECT MAX(infrastructure_failures) AS most FROM jobs');
    expect(Number(most?.['most'])).toBeLessThan(20);
  });

  it('loses no host to a job that is lost wherever it runs', async () => {
    const [poison = 0] = await wms.submit({ priority: 10 });
    await wms.submit({}, { count: 60 });
    for (const host of ['node1', 'node2', 'node3', 'node4', 'node5']) {
      const [stamp = ''] = on(host);
      const [attempt] = await server.claim(stamp);
      expect(attempt?.job_id).toBe(poison);
      if (attempt !== undefined) await lose(attempt);
      expect(await eat([stamp], finish, 3)).toBe(3);
    }
    expect(await round()).toMatchObject({ setAside: 0, alarms: [], holes: [] });
  });

  it('leaves alone what a person has set, and does not set again what a person has taken back', async () => {
    const host = { kind: 'host', name: 'Demo.Local/node1', vo: '', access: '' } as const;
    await wms.submit({}, { count: 60 });
    await server.statuses.set({ ...host, status: 'Active', reason: 'I watch it myself', expires: null }, 'lhcb:admin');
    await eat(on('node1'), lose);
    await eat([...on('node2'), ...on('node3')], finish, 2);
    expect(await round()).toMatchObject({ setAside: 0, alarms: [] });
    await server.statuses.clear(host, 'go on', 'lhcb:admin');
    expect(await round()).toMatchObject({ setAside: 1 });
    await server.statuses.clear(host, 'it is mended', 'lhcb:admin');
    expect(await round()).toMatchObject({ released: 1, setAside: 0 });
    expect(await round()).toMatchObject({ released: 0, setAside: 0 });
    expect(statusOf('host', host.name)).toBeNull();
  });

  it('is braked by other servers too', async () => {
    await wms.submit({}, { count: 20 });
    const other = wms.server();
    await serves(other);
    await eat(on('node1'), lose);
    for (let tries = 0; (await other.claim(on('node1')[0] ?? '')).length > 0; tries += 1) {
      if (tries >= 10) throw new Error('The other server has heard nothing');
      await pause(200);
    }
    expect(await other.claim(on('node2')[0] ?? '')).toHaveLength(1);
  });

  it('keeps what ended as hours of its places, once', async () => {
    await wms.submit({}, { count: 20 });
    await eat(on('node1'), lose, 2);
    await eat(on('node2'), finish, 3);
    await wms.database.execute('UPDATE attempt_ends SET ended_at = ended_at - INTERVAL 1 DAY');
    await round();
    await round();
    const rows = await wms.database.query(
      'SELECT level, name, SUM(ended) AS ended, SUM(lost) AS lost FROM place_history GROUP BY level, name ORDER BY 1, 2',
    );
    expect(rows).toEqual([
      { level: 'host', name: 'demo.local/node1', ended: 4, lost: 4 },
      { level: 'host', name: 'demo.local/node2', ended: 6, lost: 0 },
      { level: 'ce', name: 'demo.local/local', ended: 10, lost: 4 },
      { level: 'site', name: 'demo.local', ended: 10, lost: 4 },
    ]);
    expect(await wms.database.query('SELECT * FROM attempt_ends')).toEqual([]);
  });
});
