import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { readAudit } from '../../src/auth/index.js';
import { type CallInput, type ResourceEntry, resources, resourceStatus } from '../../src/contract/index.js';
import { startServer, type TestServer } from '../support/server.js';

const site = { kind: 'site', name: 'Demo.Local' } as const;
const ce = { kind: 'ce', name: 'Demo.Local/local' } as const;
const sandboxes = { kind: 'storage', name: 'SandboxSE' } as const;
const reason = 'the cooling has failed';

let running: TestServer;
beforeAll(async () => {
  const groups = { lhcb_jobs: { properties: ['JobAdministrator'] } };
  running = await startServer({ configuration: { vos: { lhcb: { groups } } } });
});
afterAll(() => running.close());
afterEach(async () => {
  for (const vo of [null, 'lhcb', 'biomed']) {
    const all = [site, ce, sandboxes];
    await running.call(resources.clear, { body: { resources: all, reason: 'next test', vo } }, services());
  }
});

const alice = (): string => running.tokenFor();
const zoe = (): string => running.tokenFor({ vo: 'biomed', group: 'biomed_user', user: 'zoe' });
/** Administrators of the service, and of the jobs of VO lhcb. */
const services = (): string => running.tokenFor({ group: 'lhcb_admin', user: 'root' });
const jobs = (): string => running.tokenFor({ group: 'lhcb_jobs', user: 'jane' });

async function set(body: CallInput<typeof resources.set>['body'], token = services()): Promise<number> {
  const { reply } = await running.call(resources.set, { body: body as never }, token);
  return reply.changed;
}
async function list(token: string, query: CallInput<typeof resources.list>['query'] = {}): Promise<ResourceEntry[]> {
  const { reply } = await running.call(resources.list, { query: query as never }, token);
  return reply.resources;
}

describe('the status of resources', () => {
  it('is Active for all that a VO may use, until somebody sets it', async () => {
    const all = await list(alice());
    expect(all.map(({ kind, name, access }) => [kind, name, access].join(' ').trim())).toEqual([
      'site Demo.Local',
      'ce Demo.Local/local',
      ...['LogSE', 'SandboxSE'].flatMap((name) =>
        ['read', 'write', 'check', 'remove'].map((access) => `storage ${name} ${access}`),
      ),
    ]);
    const nothing = { status: 'Active', reason: null, author: null, since: null, expires_at: null };
    for (const entry of all) expect(entry).toMatchObject({ ...nothing, vo: null, in_force: true });
    expect(await list(alice(), { set: 'true' })).toEqual([]);
  });

  it('is set for all VOs with reason, author and expiry, is seen by all, and is taken back', async () => {
    expect(await set({ resources: [site], status: 'Banned', reason, vo: null, expires_in: 3_600 })).toBe(1);
    for (const token of [alice(), zoe()]) {
      const [entry] = await list(token, { kind: 'site', status: 'Banned', name: 'demo.LOCAL' });
      expect(entry).toMatchObject({ name: 'Demo.Local', vo: null, reason, author: 'root (lhcb:root)', in_force: true });
      const seconds = (Date.parse(entry?.expires_at ?? '') - Date.parse(entry?.since ?? '')) / 1_000;
      expect(seconds).toBeCloseTo(3_600, 1);
    }
    const clear = { body: { resources: [site], reason: 'repaired', vo: null } };
    expect((await running.call(resources.clear, clear, services())).reply).toEqual({ changed: 1 });
    expect((await running.call(resources.clear, clear, services())).reply).toEqual({ changed: 0 });
    expect(await list(alice(), { set: 'true' })).toEqual([]);
    const { reply } = await running.call(resources.history, { query: { kind: 'site', limit: 2 } }, zoe());
    expect(reply.changes).toMatchObject([
      { name: 'Demo.Local', vo: null, status: null, reason: 'repaired' },
      { name: 'Demo.Local', vo: null, status: 'Banned', reason, author: 'root (lhcb:root)' },
    ]);
    const [cleared, banned] = await readAudit(running.database, 2, { actor: 'root (lhcb:root)' });
    expect(banned).toMatchObject({ vo: '', action: 'resource.set', subject: 'site:demo.local' });
    expect(banned?.detail).toMatchObject({ status: 'Banned', reason });
    expect(cleared).toMatchObject({ action: 'resource.clear', detail: { reason: 'repaired' } });
  });

  it('changes nothing when it is so already, and pages', async () => {
    const body = { resources: [site, ce], status: 'Degraded' as const, reason, vo: null };
    expect([await set(body), await set(body)]).toEqual([2, 0]);
    const { reply } = await running.call(resources.list, { query: { set: 'true', per_page: 1, page: 2 } }, alice());
    expect(reply).toMatchObject({ total: 2, resources: [{ name: 'Demo.Local/local' }] });
    const first = (await running.call(resources.history, { query: { limit: 1 } }, alice())).reply;
    expect(first.changes).toMatchObject([{ kind: 'ce', status: 'Degraded' }]);
    const before = first.next ?? 0;
    const second = (await running.call(resources.history, { query: { limit: 1, before } }, alice())).reply;
    expect(second.changes).toMatchObject([{ kind: 'site', status: 'Degraded' }]);
  });

  it('is set by the administrator of a VO for that VO only, and never looser than for all VOs', async () => {
    const body = { resources: [site], status: 'Banned' as const, reason };
    expect(await set(body, jobs())).toBe(1);
    expect(await list(alice(), { set: 'true' })).toMatchObject([{ vo: 'lhcb', status: 'Banned' }]);
    expect(await list(zoe(), { set: 'true' })).toEqual([]);
    for (const vo of [null, 'biomed', 'no-such-vo']) {
      await expect(set({ ...body, vo }, jobs())).rejects.toMatchObject({ code: 'forbidden' });
    }
    await expect(set(body, alice())).rejects.toMatchObject({ code: 'forbidden' });
    await set({ ...body, status: 'Probing', vo: null });
    await expect(set({ ...body, status: 'Active' }, jobs())).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('is Probing for all VOs'),
    });
    expect(await list(alice(), { kind: 'site' })).toMatchObject([
      { vo: null, status: 'Probing', in_force: false },
      { vo: 'lhcb', status: 'Banned', in_force: true },
    ]);
    await set({ ...body, status: 'Active', vo: 'lhcb' });
    expect(await list(alice(), { kind: 'site', status: 'Active' })).toMatchObject([{ vo: 'lhcb', in_force: true }]);
    await set({ ...body, vo: null });
    expect(await list(alice(), { kind: 'site' })).toMatchObject([
      { vo: null, status: 'Banned', in_force: true },
      { vo: 'lhcb', status: 'Active', in_force: false },
    ]);
    await expect(set({ ...body, vo: 'no-such-vo' })).rejects.toMatchObject({ code: 'unknown-vo' });
  });

  it('is refused for what nobody knows, with all problems at once, and then nothing of the call is done', async () => {
    const host = { kind: 'host', name: 'Demo.Local/n1.example' } as const;
    const unknown = [
      { kind: 'site', name: 'LCG.Nowhere.xx' },
      { kind: 'ce', name: 'local' },
      { kind: 'storage', name: 'TapeSE' },
      { kind: 'host', name: 'Nowhere/n1' },
      { kind: 'pilot', name: 'f'.repeat(32) },
      { ...site, access: ['read'] },
    ] as const;
    const all = [site, host, ...unknown] as never;
    const refused = await set({ resources: all, status: 'Banned', reason, vo: null }).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'unknown-resource',
      status: 400,
      problems: [2, 3, 4, 5, 6, 7].map((at) => ({
        path: at === 7 ? `resources[${at}].access` : `resources[${at}].name`,
        message: expect.stringContaining(at === 7 ? 'not read' : 'there is no '),
      })),
    });
    expect(await list(services(), { set: 'true' })).toEqual([]);
    const past = { resources: [site], status: 'Banned' as const, reason, expires_at: '2020-01-01T00:00:00Z' };
    await expect(set(past)).rejects.toMatchObject({ code: 'invalid-request', status: 422 });
    await expect(set({ ...past, expires_in: 5 })).rejects.toMatchObject({ code: 'invalid-request' });
    await expect(set({ ...past, expires_at: '2090-01-01' })).rejects.toMatchObject({ code: 'invalid-request' });
    expect(await list(services(), { set: 'true' })).toEqual([]);
  });

  it('can be set for a host and a pilot of the own VO', async () => {
    const stamp = 'c'.repeat(32);
    await running.database.execute(
      "INSERT INTO pilots (stamp, vo, site, ce, queue) VALUES (?, 'biomed', 'Demo.Local', 'local', 'all')",
      [stamp],
    );
    const pilot = { kind: 'pilot', name: stamp } as const;
    const host = { kind: 'host', name: 'Demo.Local/N1' } as const;
    await expect(set({ resources: [pilot], status: 'Banned', reason }, jobs())).rejects.toMatchObject({
      code: 'unknown-resource',
    });
    expect(await set({ resources: [pilot, host], status: 'Banned', reason, vo: 'biomed' })).toBe(2);
    expect(await list(zoe(), { set: 'true' })).toMatchObject([{ name: 'demo.local/n1' }, { name: stamp }]);
    expect(await list(alice(), { set: 'true' })).toEqual([]);
    // The pilot's row may be gone when its status is taken back.
    await running.database.execute('DELETE FROM pilots WHERE stamp = ?', [stamp]);
    const clear = { resources: [pilot, host], reason: 'over', vo: 'biomed' };
    expect((await running.call(resources.clear, { body: clear }, services())).reply).toEqual({ changed: 2 });
  });
});

describe('DiracX: the status of resources that is set', () => {
  const may = { allowed: true, warnings: null };
  const reply = async (kind: keyof typeof resourceStatus, token = alice()): Promise<unknown> =>
    (await running.call(resourceStatus[kind], {}, token)).reply;

  it('is allowed, with a warning when degraded, and refused with the reason when probed or banned', async () => {
    await set({ resources: [site], status: 'Degraded', reason: 'slow', vo: null });
    expect(await reply('site')).toEqual({ 'Demo.Local': { all: { allowed: true, warnings: 'slow' } } });
    await set({ resources: [ce], status: 'Probing', reason: 'new', vo: null });
    expect(await reply('compute')).toEqual({ local: { all: { allowed: false, reason: 'new' } } });
    await set({ resources: [{ ...sandboxes, access: ['write'] }], status: 'Banned', reason: 'full', vo: null });
    expect(await reply('storage')).toEqual({
      SandboxSE: { read: may, write: { allowed: false, reason: 'full' }, check: may, remove: may },
      LogSE: { read: may, write: may, check: may, remove: may },
    });
  });

  it('is the row of the VO where there is one, else that of all VOs', async () => {
    await set({ resources: [site], status: 'Banned', reason, vo: null });
    await set({ resources: [site], status: 'Active', reason: 'we test it', vo: 'lhcb' });
    expect(await reply('site')).toEqual({ 'Demo.Local': { all: may } });
    expect(await reply('site', zoe())).toEqual({ 'Demo.Local': { all: { allowed: false, reason } } });
  });

  it('has another ETag after each change, and the same one before', async () => {
    const read = (etag?: string) =>
      fetch(`${running.url}/api/rss/site`, {
        headers: { authorization: `Bearer ${alice()}`, ...(etag === undefined ? {} : { 'if-none-match': etag }) },
      });
    const first = (await read()).headers.get('etag') ?? '';
    expect((await read(first)).status).toBe(304);
    await set({ resources: [site], status: 'Banned', reason, vo: null });
    const second = await read(first);
    expect(second.status).toBe(200);
    const etag = second.headers.get('etag') ?? '';
    expect(etag).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z-1-lhcb$/);
    expect(etag).not.toBe(first);
    expect((await read(etag)).status).toBe(304);
  });
});

describe('a second server', () => {
  it('obeys what was set at the first one within seconds', async () => {
    const { databaseUrl, redisPrefix, masterKey, publicUrl } = running.config;
    const shared = { databaseUrl, redisPrefix, masterKey, publicUrl };
    const other = await startServer({ config: shared, configuration: null });
    try {
      await set({ resources: [site], status: 'Banned', reason, vo: null });
      const banned = { 'Demo.Local': { all: { allowed: false, reason } } };
      let seen: unknown;
      for (let tries = 0; tries < 600; tries += 1) {
        seen = (await other.call(resourceStatus.site, {}, alice())).reply;
        if (JSON.stringify(seen) === JSON.stringify(banned)) break;
        await pause(100);
      }
      expect(seen).toEqual(banned);
    } finally {
      await other.close();
    }
  }, 120_000);
});
