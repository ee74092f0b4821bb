import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readAudit } from '../../../src/auth/index.js';
import { watchAuthor } from '../../../src/wms/black-holes/watch-author.js';
import type { NewStatus } from '../../../src/wms/resource-status/resource-statuses.js';
import { anOffer, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';

const site = { kind: 'site', name: 'Demo.Local', vo: '', access: '' } as const;
const banned: NewStatus = { ...site, status: 'Banned', reason: 'the cooling has failed', expires: null };

describe('the status of resources', () => {
  let wms: MatchingTest;
  let server: Matcher;
  let other: Matcher;

  beforeAll(async () => {
    wms = await startMatching();
    server = wms.server();
    other = wms.server();
    await server.statuses.start();
    await other.statuses.start();
  });
  afterAll(() => wms.close());

  /** Waits for what a wake-up, or at the latest the next look, brings to the other server. */
  async function seenByOther(what: () => boolean): Promise<void> {
    for (let tries = 0; !what(); tries += 1) {
      if (tries > 600) throw new Error('The other server has heard nothing for a minute');
      await pause(100);
    }
  }

  it('is Active and open where nothing is set', () => {
    expect(server.statuses.of('site', 'Demo.Local', 'lhcb')).toBeNull();
    expect(server.statuses.verdict({ vo: 'lhcb', site: 'Demo.Local', ce: 'local' })).toEqual({
      verdict: 'open',
      because: null,
    });
  });

  it('is known to other servers too, compares without case, and ends when it is taken back', async () => {
    expect(await server.statuses.set(banned, 'lhcb:admin')).toBe(true);
    const at = { vo: 'LHCb', site: 'DEMO.local', ce: 'local' };
    expect(server.statuses.verdict(at)).toMatchObject({
      verdict: 'closed',
      because: { kind: 'site', name: 'demo.local', reason: 'the cooling has failed', author: 'lhcb:admin' },
    });
    await seenByOther(() => other.statuses.verdict(at).verdict === 'closed');
    const changedAt = server.statuses.changedAt();
    expect(other.statuses.changedAt()).toBe(changedAt);
    expect(await server.statuses.set(banned, 'lhcb:admin')).toBe(false);
    expect(server.statuses.changedAt()).toBe(changedAt);
    expect(await other.statuses.clear(site, 'repaired', 'lhcb:admin')).toBe(true);
    expect(await other.statuses.clear(site, 'repaired', 'lhcb:admin')).toBe(false);
    await server.statuses.refresh();
    expect(server.statuses.verdict(at).verdict).toBe('open');
    expect(server.statuses.changedAt() > changedAt).toBe(true);
  });

  it('is looked up in the row of the VO before that of all VOs, and the worst of all resources decides', async () => {
    const { statuses } = server;
    await statuses.set(banned, 'a');
    await statuses.set({ ...banned, vo: 'lhcb', status: 'Probing' }, 'a');
    expect(statuses.verdict({ vo: 'lhcb', site: 'Demo.Local' }).verdict).toBe('tests-only');
    expect(statuses.verdict({ vo: 'biomed', site: 'Demo.Local' }).verdict).toBe('closed');
    await statuses.set({ ...banned, kind: 'host', name: 'Demo.Local/N1', vo: 'lhcb' }, 'a');
    const host = { vo: 'lhcb', site: 'Demo.Local', host: 'n1' };
    expect(statuses.verdict(host)).toMatchObject({ verdict: 'closed', because: { kind: 'host' } });
    expect(statuses.verdict({ ...host, host: 'n2' }).verdict).toBe('tests-only');
    expect(statuses.all()).toHaveLength(3);
    await statuses.clear({ ...site, kind: 'host', name: 'demo.local/n1', vo: 'lhcb' }, 'done', 'a');
    await statuses.clear({ ...site, vo: 'lhcb' }, 'done', 'a');
    await statuses.clear(site, 'done', 'a');
  });

  it('of all VOs holds for a VO that has set less before, but the watch overrides nobody', async () => {
    const { statuses } = server;
    await statuses.set({ ...banned, vo: 'lhcb', status: 'Active' }, 'a');
    await statuses.set(banned, watchAuthor);
    expect(statuses.verdict({ vo: 'lhcb', site: 'Demo.Local' }).verdict).toBe('open');
    await statuses.set(banned, 'a');
    expect(statuses.verdict({ vo: 'lhcb', site: 'Demo.Local' }).verdict).toBe('closed');
    // An exception is made after that of which it is one.
    await statuses.set({ ...banned, vo: 'lhcb', status: 'Degraded' }, 'a');
    expect(statuses.verdict({ vo: 'lhcb', site: 'Demo.Local' }).verdict).toBe('open');
    await statuses.clear({ ...site, vo: 'lhcb' }, 'done', 'a');
    await statuses.clear(site, 'done', 'a');
  });

  it('ends by the time of the database, without anybody doing anything, and then counts as changed', async () => {
    const { statuses } = server;
    await statuses.set({ ...banned, expires: { inSeconds: 60 } }, 'a');
    expect(statuses.of('site', 'Demo.Local', 'lhcb')?.status).toBe('Banned');
    const heard: string[] = [];
    const off = other.statuses.onChange(() => heard.push(other.statuses.changedAt()));
    await statuses.set({ ...banned, expires: { inSeconds: 1 } }, 'a');
    const [held] = await wms.database.query<{ expiresAt: string; set_at: string }>(
      'SELECT expires_at AS expiresAt, set_at FROM resource_statuses',
    );
    await seenByOther(() => statuses.of('site', 'Demo.Local', 'lhcb') === null);
    // Who waits for the end of a status is told of it.
    await seenByOther(() => heard.includes(held?.expiresAt ?? ''));
    off();
    expect(statuses.changedAt()).toBe(held?.expiresAt);
    expect((held?.expiresAt ?? '') > (held?.set_at ?? '')).toBe(true);
    const [{ ended } = { ended: 0 }] = await wms.database.query<{ ended: number }>('SELECT NOW(6) >= ? AS ended', [
      held?.expiresAt,
    ]);
    expect(ended).toBe(1);
    // A process that starts now never saw the row in force, and agrees on when it ended.
    const late = wms.server();
    await late.statuses.refresh();
    expect([late.statuses.all(), late.statuses.changedAt()]).toEqual([[], held?.expiresAt]);
    // The next change removes the row for good, and still counts as later.
    await statuses.set({ ...banned, kind: 'pilot', name: 'f'.repeat(32), expires: { inSeconds: 60 } }, 'a');
    const rows = await wms.database.query('SELECT kind FROM resource_statuses');
    expect(rows).toEqual([{ kind: 'pilot' }]);
    expect(statuses.changedAt() > (held?.expiresAt ?? '')).toBe(true);
    await statuses.clear({ ...site, kind: 'pilot', name: 'f'.repeat(32) }, 'done', 'a');
  });

  it('is written in the order of its changes by many at once, each with its history and audit', async () => {
    const names = Array.from({ length: 12 }, (_, number) => `Many.Site${number}`);
    const servers = [server, other];
    await Promise.all(
      names.map((name, number) => servers[number % 2]?.statuses.set({ ...banned, name }, `many:${number}`)),
    );
    await Promise.all(servers.map(({ statuses }) => statuses.refresh()));
    expect(server.statuses.all()).toEqual(other.statuses.all());
    expect(server.statuses.all()).toHaveLength(12);
    const [{ ordered } = { ordered: 0 }] = await wms.database.query<{ ordered: number }>(
      `SELECT COUNT(DISTINCT set_at) AS ordered FROM resource_status_history WHERE author LIKE 'many:%'`,
    );
    expect(ordered).toBe(12);
    const entries = await readAudit(wms.database, 20, { actor: 'many:*' });
    expect(entries.map(({ subject }) => subject).toSorted()).toEqual(
      names.map((name) => `site:${name.toLowerCase()}`).toSorted(),
    );
    for (const name of names) await server.statuses.clear({ ...site, name }, 'done', 'a');
  });

  it('written in a transaction that fails leaves nothing behind', async () => {
    const before = server.statuses.changedAt();
    const failing = wms.database.transaction(async (tx) => {
      await server.statuses.write(tx, banned, 'a');
      throw new Error('something else failed');
    });
    await expect(failing).rejects.toThrow('something else failed');
    await server.statuses.refresh();
    expect([server.statuses.all(), server.statuses.changedAt()]).toEqual([[], before]);
  });
});

describe('claims where a resource has a status', () => {
  let wms: MatchingTest;
  let server: Matcher;

  beforeAll(async () => {
    wms = await startMatching();
    server = wms.server();
    await server.statuses.start();
  });
  afterAll(() => wms.close());

  const places = [
    { what: 'site', resource: site },
    { what: 'CE', resource: { ...site, kind: 'ce', name: 'Demo.Local/local' } },
    { what: 'host', resource: { ...site, kind: 'host', name: 'Demo.Local/node1.example' } },
  ] as const;

  it.each(places)('give a pilot no job while its $what is banned, and the job at once afterwards', async (place) => {
    const [jobId] = await wms.submit();
    const stamp = await wms.pilot({ node: JSON.stringify({ hostname: 'node1.example' }) });
    await server.statuses.set({ ...banned, ...place.resource }, 'a');
    expect(await server.claim(stamp)).toEqual([]);
    await server.statuses.clear(place.resource, 'over', 'a');
    expect((await server.claim(stamp)).map(({ job_id }) => job_id)).toEqual([jobId]);
  });

  it('wait while the site is banned, and get the job soon after it is not', async () => {
    await server.statuses.set(banned, 'a');
    const [jobId] = await wms.submit();
    await server.index.rebuild();
    const stamp = await wms.pilot();
    const never = new AbortController().signal;
    const request = { claim_id: randomUUID(), offer: anOffer, max_jobs: 1, wait: 60, acknowledged: [] };
    const claim = server.matching.claim({ kind: 'pilot', vo: 'lhcb', stamp }, request, never);
    await server.statuses.clear(site, 'over', 'a');
    expect((await claim).jobs.map(({ job_id }) => job_id)).toEqual([jobId]);
  }, 90_000);

  it('give a pilot that is banned itself nothing, and others what there is', async () => {
    await wms.submit();
    const [bad, good] = [await wms.pilot(), await wms.pilot()];
    await server.statuses.set({ ...banned, kind: 'pilot', name: bad }, 'a');
    expect(await server.claim(bad)).toEqual([]);
    expect(await server.claim(good)).toHaveLength(1);
  });

  it('hold for the VO that they were set for, and leave others and running jobs alone', async () => {
    const stamp = await wms.pilot();
    await wms.submit();
    const [running] = await server.claim(stamp);
    await server.statuses.set({ ...banned, vo: 'biomed' }, 'a');
    await wms.submit();
    expect(await server.claim(await wms.pilot())).toHaveLength(1);
    await server.statuses.set({ ...banned, vo: 'lhcb' }, 'a');
    await wms.submit();
    expect(await server.claim(await wms.pilot())).toEqual([]);
    expect(await wms.job(running?.job_id ?? 0)).toMatchObject({ status: 'Matched' });
    await server.statuses.clear({ ...site, vo: 'lhcb' }, 'over', 'a');
    await server.statuses.clear({ ...site, vo: 'biomed' }, 'over', 'a');
    expect(await server.claim(await wms.pilot())).toHaveLength(1);
  });

  it('give only jobs of type Test where it is Probing, and everything where it is Degraded', async () => {
    await wms.submit({ job_type: 'User' });
    await wms.submit({ job_type: 'any' });
    const [test] = await wms.submit({ job_type: 'Test' });
    await server.statuses.set({ ...banned, status: 'Probing' }, 'a');
    const probe = await server.claim(await wms.pilot(), { maxJobs: 8, offer: { processors: 8, memory: 16_000 } });
    expect(probe.map(({ job_id }) => job_id)).toEqual([test]);
    await server.statuses.set({ ...banned, status: 'Degraded' }, 'a');
    const rest = await server.claim(await wms.pilot(), { maxJobs: 8, offer: { processors: 8, memory: 16_000 } });
    expect(rest).toHaveLength(2);
    await server.statuses.clear(site, 'over', 'a');
  });
});
