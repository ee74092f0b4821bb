import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Access, type AnyEndpoint, endpoints } from '../../src/contract/index.js';
import { startServer, type TestServer } from '../support/server.js';

const stamp = 'a'.repeat(32);
const attempt = { vo: 'lhcb', stamp, jobId: 1, attempt: 1 };

/** One token of every kind that there is. */
const kinds = {
  'a user without properties': () => running.tokenFor({ group: 'lhcb_guest' }),
  'a user with NormalUser': () => running.tokenFor(),
  'a JobAdministrator': () => running.tokenFor({ group: 'lhcb_jobs' }),
  'a ServiceAdministrator': () => running.tokenFor({ group: 'lhcb_services' }),
  'a foreign pilot (GenericPilot)': () => running.tokenFor({ group: 'lhcb_pilot' }),
  'a user with JobSharing only': () => running.tokenFor({ group: 'lhcb_sharing' }),
  'a pilot': () => running.tokens.forPilot({ vo: 'lhcb', stamp }, 60).token,
  'an attempt': () => running.tokens.forAttempt(attempt, 60).token,
} as const;
type Kind = keyof typeof kinds;

const [guest, normal, jobs, services, foreign, sharing, pilot, holder] = Object.keys(kinds) as Kind[] as [
  Kind,
  Kind,
  Kind,
  Kind,
  Kind,
  Kind,
  Kind,
  Kind,
];

/** Who passes the guard, written down a second time so that a slip in the policy table shows. */
const admitted: Record<Exclude<Access, 'public'>, readonly Kind[]> = {
  user: [guest, normal, jobs, services, foreign, sharing],
  'submit-jobs': [normal],
  'read-jobs': [normal, jobs],
  'manage-jobs': [normal, jobs, foreign],
  'use-sandboxes': [normal, jobs],
  'create-sandboxes': [normal],
  'read-pilots': [guest, normal, jobs, services, sharing],
  'register-pilots': [services, foreign],
  'set-resources': [jobs, services],
  administer: [services],
  pilot: [pilot],
  attempt: [holder],
};

/** What anybody may fetch; a new one is added here on purpose or not at all. */
const open = [
  'wellKnown.jwks',
  'wellKnown.metadata',
  'wellKnown.security',
  'health.live',
  'health.ready',
  'health.startup',
  'openapi.document',
  'pilotFiles.fetch',
  'objects.upload',
  'objects.download',
  'pilots.token',
];

let running: TestServer;
beforeAll(async () => {
  const groups = {
    lhcb_guest: { properties: [] },
    lhcb_jobs: { properties: ['JobAdministrator'] },
    lhcb_services: { properties: ['ServiceAdministrator'] },
    lhcb_sharing: { properties: ['JobSharing'] },
  };
  running = await startServer({ configuration: { vos: { lhcb: { groups } } } });
});
afterAll(() => running.close());

const values: Record<string, string> = {
  id: '1',
  stamp,
  kind: 'output',
  number: '0',
  name: 'x',
  sha256: 'a'.repeat(64),
};

async function knock({ method, path }: AnyEndpoint, token?: string): Promise<{ status: number; code: unknown }> {
  const place = path.replace(/:(\w+)/g, (_, name: string) => values[name] ?? 'x');
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const reply = await fetch(`${running.url}${place}`, { method, headers });
  const text = await reply.text();
  const isJson = text !== '' && reply.headers.get('content-type')?.includes('json') === true;
  return { status: reply.status, code: isJson ? (JSON.parse(text) as { code?: unknown }).code : undefined };
}

const closed = endpoints.filter(({ access }) => access !== 'public');

describe('routes that anybody may call', () => {
  it('are these and no others', () => {
    const names = endpoints.filter(({ access }) => access === 'public').map(({ name }) => name);
    expect(names.toSorted()).toEqual(open.toSorted());
  });
});

describe.each(closed.map((endpoint) => [endpoint.name, endpoint] as const))('%s', (_name, endpoint) => {
  it('wants a token', async () => {
    expect(await knock(endpoint)).toEqual({ status: 401, code: 'missing-token' });
  });

  it('wants a genuine token that has not expired', async () => {
    const [head = '', payload = ''] = running.tokenFor().split('.');
    const expired = running.tokenFor({ lifetime: -1 });
    for (const token of ['garbage', `${head}.${payload}.${'A'.repeat(86)}`, expired]) {
      expect(await knock(endpoint, token)).toEqual({ status: 401, code: 'invalid-token' });
    }
  });

  it('refuses every kind of token that its rule does not admit', async () => {
    const within: readonly Kind[] = admitted[endpoint.access as Exclude<Access, 'public'>];
    for (const kind of Object.keys(kinds) as Kind[]) {
      if (within.includes(kind)) continue;
      expect({ kind, ...(await knock(endpoint, kinds[kind]())) }).toEqual({ kind, status: 403, code: 'forbidden' });
    }
  });

  it('lets those in whom its rule admits', async () => {
    for (const kind of admitted[endpoint.access as Exclude<Access, 'public'>]) {
      const { status } = await knock(endpoint, kinds[kind]());
      expect({ kind, isKnown: status !== 401 }).toEqual({ kind, isKnown: true });
    }
  });
});

describe('routes that read', () => {
  it('ask for a token when only their head is wanted', async () => {
    for (const endpoint of closed.filter(({ method }) => method === 'GET')) {
      const { status } = await knock({ ...endpoint, method: 'HEAD' as 'GET' });
      expect({ name: endpoint.name, status }).toEqual({ name: endpoint.name, status: 401 });
    }
  });
});
