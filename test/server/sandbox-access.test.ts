import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Api } from '../support/api.js';
import { startServer, type TestServer } from '../support/server.js';

const bytes = Buffer.from('not really an archive');
const checksum = createHash('sha256').update(bytes).digest('hex');
const announcement = { checksum_algorithm: 'sha256', checksum, size: bytes.length, format: 'tar.gz' };

let running: TestServer;
let alice: Api;
let jobId: number;
let pfn: string;
/** Everybody who shall get at neither the sandbox nor the job of alice, by what makes them look like her. */
let others: Record<string, Api>;

beforeAll(async () => {
  running = await startServer({
    configuration: {
      vos: { biomed: { groups: { biomed_all: { properties: ['NormalUser', 'JobSharing', 'JobAdministrator'] } } } },
    },
  });
  alice = new Api(running, running.tokenFor());
  pfn = await uploaded(alice);
  jobId = (await alice.submit({ executable: '/bin/true', input_sandbox: [pfn] }))[0] ?? 0;
  const twin = { vo: 'lhcb', group: 'lhcb_user', username: 'alice', properties: ['NormalUser' as const] };
  others = {
    'another user of the group': new Api(running, running.tokenFor({ user: 'bob' })),
    'another person of the same name': new Api(
      running,
      running.tokens.forUser({ ...twin, subject: 'lhcb:another' }, 600).token,
    ),
    'a subject that differs in case only': new Api(
      running,
      running.tokens.forUser({ ...twin, subject: 'lhcb:ALICE' }, 600).token,
    ),
    'the same name in another VO': new Api(running, running.tokenFor({ vo: 'biomed', group: 'biomed_user' })),
    'an administrator of another VO': new Api(
      running,
      running.tokenFor({ vo: 'biomed', group: 'biomed_all', user: 'zoe' }),
    ),
  };
});
afterAll(() => running.close());

async function uploaded(api: Api): Promise<string> {
  const { body } = await api.post('/api/jobs/sandbox', announcement);
  const { pfn: name, url, fields } = body as { pfn: string; url: string; fields: Record<string, string> };
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set('file', new Blob([bytes]), 'sandbox');
  expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204);
  return name;
}

/** The status of a list of sandboxes; 404 where it is DiracX's list of one null, which administrators get for unknown jobs. */
async function listing(api: Api, path: string): Promise<number> {
  const { status, body } = await api.get(path);
  return status === 200 && !JSON.stringify(body).includes('sha256:') ? 404 : status;
}

const download = (api: Api, name = pfn) => api.get(`/api/jobs/sandbox?pfn=${encodeURIComponent(name)}`);

describe('a sandbox', () => {
  it('is fetched by its owner', async () => {
    const { status, body } = await download(alice);
    expect(status).toBe(200);
    expect(Buffer.from(await (await fetch((body as { url: string }).url)).arrayBuffer())).toEqual(bytes);
  });

  it('is not fetched, used, attached or detached by anybody else', async () => {
    for (const [who, api] of Object.entries(others)) {
      const replies = {
        download: (await download(api)).status,
        list: await listing(api, `/api/jobs/${jobId}/sandbox`),
        kind: await listing(api, `/api/jobs/${jobId}/sandbox/input`),
        attach: (await api.patch(`/api/jobs/${jobId}/sandbox/output`, pfn)).status,
        detach: (await api.send('DELETE', `/api/jobs/${jobId}/sandbox`)).status,
        detachAll: (await api.post('/api/jobs/sandbox/unassign', { job_ids: [jobId] })).status,
        use: (await api.post('/api/jobs', { jobs: [{ executable: '/bin/true', input_sandbox: [pfn] }] })).status,
      };
      const wrong = Object.entries(replies).filter(([, status]) => ![403, 404, 422, 400].includes(status));
      expect({ who, wrong }).toEqual({ who, wrong: [] });
    }
    expect((await alice.get(`/api/jobs/${jobId}/sandbox/input`)).body).toEqual([pfn.slice(pfn.indexOf('/S3/'))]);
  });

  it('is not answered for by a signed URL that was changed in any part', async () => {
    const { body } = await download(alice);
    const { url } = body as { url: string };
    const changes: [string, string][] = [
      ['se', 'LogSE'],
      ['key', 'pilot-logs/lhcb/x/log.txt'],
      ['expires', '99999999999'],
      ['filename', 'x.html'],
    ];
    for (const [name, value] of changes) {
      const changed = new URL(url);
      changed.searchParams.set(name, value);
      expect((await fetch(changed)).status).toBe(403);
    }
  });
});
