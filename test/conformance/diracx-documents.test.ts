import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CurrentConfiguration } from '../../src/configuration/index.js';
import { applyConfiguration } from '../support/configuration.js';
import { startServer, type TestServer } from '../support/server.js';
import { people, type Person, Wire } from './wire.js';

// 1 and 10 to 19 belong to the sign-in through identity providers, which does not exist yet; a discovery document that
// names routes which are not there would mislead clients, so there is none.

let server: TestServer;
let wire: Wire;
const contacts = ['mailto:security@example.org'];
beforeAll(async () => {
  server = await startServer({ configuration: { security: { contacts } } });
  wire = new Wire(server);
});
afterAll(() => server.close());

const get = (who: Person | null, path: string, headers?: Record<string, string>) =>
  wire.send(who, `GET ${path}`, undefined, headers);

describe('DiracX: well-known documents', () => {
  it('2: the key set holds public keys only', async () => {
    const { status, json } = await get(null, '/.well-known/jwks.json');
    expect(status).toBe(200);
    const { keys } = json as { keys: Record<string, unknown>[] };
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519', kid: expect.any(String) });
      expect(key).not.toHaveProperty('d');
    }
  });

  it('3: the metadata name each VO with its groups, support and default group', async () => {
    const { status, json } = await get(null, '/.well-known/dirac-metadata');
    expect(status).toBe(200);
    const { virtual_organizations: vos } = json as {
      virtual_organizations: Record<
        string,
        { groups: Record<string, { properties: string[] }>; default_group: string }
      >;
    };
    expect(Object.keys(vos)).toEqual(['lhcb', 'biomed']);
    for (const vo of Object.values(vos)) {
      expect(Object.keys(vo)).toEqual(['groups', 'support', 'default_group']);
      expect(Object.keys(vo.groups)).toContain(vo.default_group);
      for (const { properties } of Object.values(vo.groups)) expect(properties).toEqual(properties.toSorted());
      const support = { message: 'Please contact system administrator', webpage: null, email: null };
      expect(vo).toMatchObject({ support });
    }
  });

  it('1.1: the security contacts are a text, where DiracX sends a JSON string', async () => {
    const { status, headers, text } = await get(null, '/.well-known/security.txt');
    expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    expect(text).toMatch(/^Contact: mailto:security@example\.org\nExpires: \S+Z\nCanonical: http\S+security\.txt\n$/);
    const expires = Date.parse(/^Expires: (.*)$/m.exec(text)?.[1] ?? '');
    expect(expires).toBeGreaterThan(Date.now());
    expect(expires).toBeLessThan(Date.now() + 365 * 86_400_000);
  });

  it('1.1: there is no such text where no contact is configured', async () => {
    const other = await startServer();
    const { status, json } = await new Wire(other).send(null, 'GET /.well-known/security.txt');
    await other.close();
    expect(status).toBe(404);
    expect(json).toMatchObject({ detail: 'No security contact is configured' });
  });
});

describe('DiracX: the configuration', () => {
  const path = '/api/config/';

  it.each([
    ['4: without a token', {}, [401, 'Authorization header is missing', 'Bearer']],
    ['5: with another scheme', { authorization: 'Basic x' }, [400, 'Invalid authorization header', null]],
    ['5: with the scheme in lower case', { authorization: 'bearer x' }, [400, 'Invalid authorization header', null]],
    ['5: with a token that is none', { authorization: 'Bearer x' }, [401, 'Invalid JWT', null]],
  ])('%s is refused', async (_, headers, answer) => {
    const { status, json, headers: told } = await get(null, path, headers);
    expect([status, (json as { detail: string }).detail, told.get('www-authenticate')]).toEqual(answer);
  });

  it('5: with a token that has expired is refused', async () => {
    const authorization = `Bearer ${server.tokenFor({ ...people.U, lifetime: -1 })}`;
    const { status, json } = await get(null, path, { authorization });
    expect(status).toBe(401);
    expect(json).toMatchObject({ detail: 'Invalid JWT' });
  });

  it('6: has an ETag and a date, and is not sent to those who have it', async () => {
    const first = await get('U', path);
    expect(first.status).toBe(200);
    const [etag, date] = [first.headers.get('etag') ?? '', first.headers.get('last-modified') ?? ''];
    expect(etag).toMatch(/^[0-9a-f]{40}$/);
    expect(date).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    for (const known of [etag, `"${etag}"`, `W/"${etag}", "x"`]) {
      const { status, headers, text } = await get('U', path, { 'if-none-match': known });
      expect([status, text, headers.get('etag'), headers.get('last-modified')]).toEqual([304, '', etag, date]);
    }
    const other = await get('U', path, { 'if-none-match': 'other', 'if-modified-since': later(date, 60) });
    expect(other.status).toBe(200);
  });

  it('1.3: only a date after the change proves that nothing has changed', async () => {
    const date = (await get('U', path)).headers.get('last-modified') ?? '';
    const since = async (seconds: number) =>
      (await get('U', path, { 'if-modified-since': later(date, seconds) })).status;
    expect([await since(-1), await since(0), await since(1)]).toEqual([200, 200, 304]);
  });

  it('7: is the same without the slash, where DiracX redirects', async () => {
    const [one, other] = [await get('U', path), await get('U', '/api/config')];
    expect([other.status, other.text]).toEqual([200, one.text]);
  });

  it('4: has all sections, for every VO', async () => {
    const { json } = await get('U', path);
    const sections = 'DIRAC Operations Registry Resources LocalSite LogLevel MCTestingDestination Systems WebApp'.split(
      ' ',
    );
    expect(Object.keys(json as object)).toEqual(sections);
    expect(json).toMatchObject({
      DIRAC: { NoSetup: true },
      Resources: { Computing: { OSCompatibility: {} } },
      Operations: {
        lhcb: {
          JobDescription: { DefaultCPUTime: 86_400, MaxPriority: 10, AllowedJobTypes: ['User', 'Test', 'Hospital'] },
          Services: { JobMonitoring: { GlobalJobsInfo: true }, JobScheduling: { MaxRescheduling: 3 } },
        },
      },
      Registry: {
        biomed: {
          Support: { Email: null, Webpage: null, Message: 'Please contact system administrator' },
          DefaultGroup: 'biomed_user',
          Groups: { biomed_user: { JobShare: 1_000, Properties: ['NormalUser'] } },
        },
      },
    });
  });

  it('4: names no users, and holds no settings of CEs and storage elements', async () => {
    const { json, text } = await get('U', path);
    const { Registry } = json as {
      Registry: Record<string, { Users: unknown; Groups: Record<string, { Users: unknown }> }>;
    };
    for (const { Users, Groups } of Object.values(Registry)) {
      expect(Users).toEqual({});
      for (const group of Object.values(Groups)) expect(group.Users).toEqual([]);
    }
    expect(text).not.toMatch(/SandboxSE|slots|root/);
  });

  it('6: has another ETag once it has changed', async () => {
    const changing = await startServer();
    const other = new Wire(changing);
    const before = await other.send('U', `GET ${path}`);
    await applyConfiguration(changing.database, { vos: { lhcb: { jobs: { max_rescheduling: 7 } } } });
    await changing.app.get(CurrentConfiguration).refresh();
    const known = { 'if-none-match': before.headers.get('etag') ?? '' };
    const after = await other.send('U', `GET ${path}`, undefined, known);
    await changing.close();
    expect(after.status).toBe(200);
    expect(after.text).toContain('"MaxRescheduling":7');
  });
});

describe('DiracX: every path', () => {
  it('8: refuses a client that is too old, before anything else', async () => {
    for (const path of ['/api/config/', '/.well-known/jwks.json', '/api/health/live', '/nowhere']) {
      const { status, json } = await get(null, path, { 'diracx-client-version': '0.0.0a1' });
      expect(status).toBe(400);
      const detail = 'Client version 0.0.0a1 is not compatible with the server. Upgrade to a version >= 0.0.1a1.';
      expect(json).toMatchObject({ detail });
    }
  });

  it('8: refuses a version that is none, and serves clients that name no version or a new one', async () => {
    const path = '/api/health/live';
    const { status, json } = await get(null, path, { 'diracx-client-version': 'abc' });
    expect([status, (json as { detail: string }).detail]).toEqual([400, "Invalid version string: 'abc'"]);
    expect((await get(null, path, { 'diracx-client-version': '0.0.20' })).status).toBe(200);
    expect((await get(null, path)).status).toBe(200);
  });

  it('0: that is no route is 404, with another verb 405', async () => {
    const unknown = await get(null, '/api/nowhere');
    expect([unknown.status, (unknown.json as { detail: string }).detail]).toEqual([404, 'Not Found']);
    const wrong = await wire.send(null, 'DELETE /api/health/live');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET']);
    expect(wrong.json).toMatchObject({ detail: 'Method Not Allowed' });
  });

  it('0: that misses something says where', async () => {
    const missing = await get('U', '/api/jobs/sandbox');
    expect(missing.status).toBe(422);
    const detail = [{ type: 'missing', loc: ['query', 'pfn'], msg: 'Field required', input: null }];
    expect(missing.json).toMatchObject({ detail });
    const broken = await wire.send('U', 'POST /api/jobs/search', '{"a":');
    expect(broken.status).toBe(422);
    expect(broken.json).toMatchObject({ detail: [{ type: 'json_invalid', loc: ['body'] }] });
  });

  it('5.1: may be asked with a content type and no body, as the portal does', async () => {
    const { status } = await get('U', '/api/auth/userinfo', { 'content-type': 'application/json' });
    expect(status).toBe(200);
  });
});

describe('DiracX: who somebody is', () => {
  it('9: has six keys, and a subject within the VO', async () => {
    const { status, json } = await get('U', '/api/auth/userinfo');
    expect(status).toBe(200);
    expect(Object.keys(json as object).toSorted()).toEqual(
      ['sub', 'vo', 'dirac_group', 'policies', 'properties', 'preferred_username'].toSorted(),
    );
    expect(json).toMatchObject({ sub: 'lhcb:jdoe', vo: 'lhcb', dirac_group: 'lhcb_user', policies: {} });
  });
});

describe('DiracX: health', () => {
  it.each([
    ['live', 'live'],
    ['ready', 'ready'],
    ['startup', 'startup complete'],
  ])('1.3: %s is told to anybody', async (name, told) => {
    const { status, json } = await get(null, `/api/health/${name}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ status: told });
  });
});

describe('DiracX: the status of resources', () => {
  const all = { all: { allowed: true, warnings: null } };

  it('1.3: is a map by name, of what the VO may use', async () => {
    const may = { allowed: true, warnings: null };
    const four = { read: may, write: may, check: may, remove: may };
    expect((await get('U', '/api/rss/storage')).json).toEqual({ SandboxSE: four, LogSE: four });
    expect((await get('U', '/api/rss/compute')).json).toEqual({ local: all });
    expect((await get('U', '/api/rss/site')).json).toEqual({ 'Demo.Local': all });
    expect((await get('U', '/api/rss/fts')).json).toEqual({});
  });

  it('1.3: has an ETag of time, count and VO, and is not sent to those who have it', async () => {
    const first = await get('U', '/api/rss/site');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z-1-lhcb$/);
    expect(first.headers.get('vary')).toBe('Authorization');
    const { status, text } = await get('U', '/api/rss/site', { 'if-none-match': etag });
    expect([status, text]).toEqual([304, '']);
    expect((await get('X', '/api/rss/site', { 'if-none-match': etag })).status).toBe(200);
    expect((await get('U', '/api/rss/fts')).headers.get('etag')).toBe('empty-0-lhcb');
  });

  it('1.3: is for those with a token, and of four kinds', async () => {
    expect((await get(null, '/api/rss/site')).status).toBe(401);
    expect((await get('U', '/api/rss/other')).status).toBe(404);
  });

  it('1.3: shows no site or CE of other VOs', async () => {
    const queues = { all: { vos: ['biomed'] } };
    const other = await startServer({ configuration: { sites: { 'Demo.Local': { ces: { local: { queues } } } } } });
    const there = new Wire(other);
    const seen = await Promise.all((['U', 'X'] as const).map((who) => there.send(who, 'GET /api/rss/site')));
    await other.close();
    expect(seen.map(({ json }) => json)).toEqual([{}, { 'Demo.Local': all }]);
  });
});

/** A date some seconds after another, as headers write dates. */
function later(date: string, seconds: number): string {
  return new Date(Date.parse(date) + seconds * 1_000).toUTCString();
}
