import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { startServer, type TestServer } from '../support/server.js';
import { type Person, Wire } from './wire.js';

interface Upload {
  pfn: string;
  url: string | null;
  fields: Record<string, string>;
}
let server: TestServer;
let wire: Wire;
beforeAll(async () => {
  server = await startServer();
  wire = new Wire(server);
});
afterAll(() => server.close());

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
const announce = (who: Person, content: string, more: object = {}) =>
  wire.send(who, 'POST /api/jobs/sandbox', {
    checksum_algorithm: 'sha256',
    checksum: sha256(content),
    size: content.length,
    format: 'tar.zst',
    ...more,
  });

/** As DiracX's client uploads: all fields first, then the part `file`, and no token. */
async function upload({ url, fields }: Upload, content: string): Promise<number> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append('file', new Blob([content]), 'file');
  return (await fetch(String(url), { method: 'POST', body: form })).status;
}

/** A sandbox of U with this content, uploaded; its full name. */
async function stored(content: string): Promise<string> {
  const announced = (await announce('U', content)).json as Upload;
  if (announced.url !== null) await upload(announced, content);
  return announced.pfn;
}
const short = (pfn: string): string => pfn.slice(pfn.indexOf('|') + 1);
const download = (who: Person, pfn: string) => wire.send(who, `GET /api/jobs/sandbox?pfn=${encodeURIComponent(pfn)}`);
const assign = (who: Person, id: number, body: unknown) =>
  wire.send(who, `PATCH /api/jobs/${id}/sandbox/output`, typeof body === 'string' ? JSON.stringify(body) : body);

describe('DiracX: sandboxes', () => {
  it('39: an announced sandbox has its name and a form to upload it by', async () => {
    const { status, json } = await announce('U', 'first');
    expect(status).toBe(200);
    expect(Object.keys(json as object)).toEqual(['pfn', 'url', 'fields']);
    const { pfn, url, fields } = json as Upload;
    expect(pfn).toBe(`SB:SandboxSE|/S3/sandboxes/lhcb/lhcb_user/jdoe/sha256:${sha256('first')}.tar.zst`);
    expect(url).toMatch(/^http/);
    expect(Object.values(fields).every((value) => typeof value === 'string')).toBe(true);
  });

  it('39: the upload needs the fields and the file, and no token; then it need not be done again', async () => {
    const announced = (await announce('U', 'second')).json as Upload;
    const status = await upload(announced, 'second');
    expect(status >= 200 && status < 300).toBe(true);
    expect((await announce('U', 'second')).json).toEqual({ pfn: announced.pfn, url: null, fields: {} });
  });

  it('39: other bytes than announced are not taken', async () => {
    const announced = (await announce('U', 'third')).json as Upload;
    expect(await upload(announced, 'THIRD')).toBeGreaterThanOrEqual(400);
    expect(((await announce('U', 'third')).json as Upload).url).not.toBeNull();
  });

  it('39: a checksum in upper case is lowered, so that the name can be used', async () => {
    const { json } = await announce('U', 'upper', { checksum: sha256('upper').toUpperCase() });
    // DiracX hands out a name that its own download refuses.
    expect((json as Upload).pfn).toContain(`sha256:${sha256('upper')}.tar.zst`);
  });

  it('39: what is larger than the limit is 400, an empty one or an unknown format 422', async () => {
    const large = await announce('U', 'x', { size: 104_857_601 });
    expect(large.status).toBe(400);
    expect(large.json).toMatchObject({ detail: 'Sandbox too large, maximum allowed is 104857600 bytes' });
    for (const more of [{ size: 0 }, { format: 'zip' }, { checksum_algorithm: 'md5' }, { checksum: 'abc' }]) {
      expect((await announce('U', 'x', more)).status).toBe(422);
    }
  });

  it('39: only users with NormalUser announce one', async () => {
    for (const who of ['A', 'P'] as const) expect((await announce(who, 'x')).status).toBe(403);
  });

  it('39: an output sandbox is assigned once, and shown by its short name', async () => {
    const [id, pfn] = [await wire.job(), await stored('output')];
    const { status, text } = await assign('U', id, pfn);
    expect([status, text]).toEqual([200, 'null']);
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/output`)).json).toEqual([short(pfn)]);
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox`)).json).toEqual({ Input: [null], Output: [short(pfn)] });
    const again = await assign('U', id, short(pfn));
    expect(again.status).toBe(400);
    expect(again.json).toMatchObject({ detail: 'Sandbox already assigned' });
  });

  it('39: one sandbox may belong to many jobs', async () => {
    const pfn = await stored('shared');
    for (const id of [await wire.job(), await wire.job()]) expect((await assign('U', id, pfn)).status).toBe(200);
  });

  it('39: what was never announced cannot be assigned', async () => {
    const pfn = `SB:SandboxSE|/S3/sandboxes/lhcb/lhcb_user/jdoe/sha256:${sha256('never')}.tar.zst`;
    const { status, json } = await assign('U', await wire.job(), pfn);
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: 'Sandbox not found' });
    expect((await assign('U', await wire.job(), { pfn })).status).toBe(422);
  });

  it('39: a job without sandboxes has a list of one null', async () => {
    const id = await wire.job();
    for (const kind of ['input', 'output']) {
      expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/${kind}`)).json).toEqual([null]);
    }
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/other`)).status).toBe(422);
  });

  it('39: the signed URL gives the bytes to anybody who has it', async () => {
    const pfn = await stored('to be fetched');
    for (const name of [pfn, short(pfn)]) {
      const { status, json } = await download('U', name);
      expect(status).toBe(200);
      expect(json).toEqual({ url: expect.stringMatching(/^http/), expires_in: 300 });
      const { url } = json as { url: string };
      expect((await wire.send(null, `GET ${url}`)).text).toBe('to be fetched');
    }
  });

  it('39: a sandbox of somebody else is refused, one that is none 422', async () => {
    const pfn = await stored('private');
    for (const [who, prefix] of [
      ['V', '/S3/sandboxes/lhcb/lhcb_user/rroe/'],
      ['X', '/S3/sandboxes/biomed/biomed_user/zoe/'],
    ] as const) {
      const { status, json } = await download(who, pfn);
      expect(status).toBe(403);
      expect(json).toMatchObject({ detail: `Invalid PFN. PFN must start with ${prefix}` });
    }
    expect((await download('P', pfn)).status).toBe(403);
    expect((await download('A', pfn)).status).toBe(200);
    for (const name of ['nothing', `/S3/sandboxes/a/b/c/sha256:${'A'.repeat(64)}.tar.zst`, 'x'.repeat(257)]) {
      expect((await download('U', name)).status).toBe(422);
    }
  });

  it('39: an unknown sandbox is told to an administrator, and nobody else', async () => {
    const pfn = `/S3/sandboxes/lhcb/lhcb_user/jdoe/sha256:${sha256('unknown')}.tar.zst`;
    const { status, json } = await download('A', pfn);
    expect(status).toBe(400);
    expect(json).toMatchObject({ detail: `Sandbox with ${pfn} and SandboxSE not found` });
    const own = await download('U', pfn);
    expect([own.status, (own.json as { detail: string }).detail]).toEqual([
      403,
      'jdoe is not the owner of the sandbox',
    ]);
  });

  it('1.7: sandboxes are detached from a job, as often as asked', async () => {
    const [id, pfn] = [await wire.job(), await stored('detached')];
    await assign('U', id, pfn);
    for (let time = 0; time < 2; time += 1) {
      const { status, text } = await wire.send('U', `DELETE /api/jobs/${id}/sandbox`);
      expect([status, text]).toEqual([200, 'null']);
    }
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/output`)).json).toEqual([null]);
  });

  it('1.7: or from many, by 204', async () => {
    const [id, pfn] = [await wire.job(), await stored('detached in bulk')];
    await assign('U', id, pfn);
    const unassign = (who: Person, ids: number[]) =>
      wire.send(who, 'POST /api/jobs/sandbox/unassign', { job_ids: ids });
    expect((await unassign('V', [id])).status).toBe(403);
    expect((await unassign('U', [])).status).toBe(403);
    expect((await unassign('A', [])).status).toBe(204);
    const { status, text } = await unassign('U', [id]);
    expect([status, text]).toEqual([204, '']);
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/output`)).json).toEqual([null]);
  });

  it('1.7: a foreign wrapper assigns and detaches, but cannot read', async () => {
    const [id, pfn] = [await wire.job(), await stored('of a wrapper')];
    expect((await assign('P', id, pfn)).status).toBe(200);
    expect((await wire.send('P', `GET /api/jobs/${id}/sandbox/output`)).status).toBe(403);
    expect((await wire.send('P', `DELETE /api/jobs/${id}/sandbox`)).status).toBe(200);
  });

  it('1.7: an unknown job has no sandboxes for an administrator, and is refused to a user', async () => {
    const path = '/api/jobs/999999999/sandbox';
    expect((await wire.send('A', `GET ${path}/output`)).json).toEqual([null]);
    expect((await wire.send('A', `GET ${path}`)).json).toEqual({ Input: [null], Output: [null] });
    expect((await wire.send('U', `GET ${path}/output`)).status).toBe(403);
  });

  it('1.7: a job of another VO looks unknown, to its administrators too', async () => {
    // In DiracX an administrator reads and detaches the sandboxes of every VO.
    const [id, pfn] = [await wire.job(), await stored('of this VO')];
    await assign('U', id, pfn);
    expect((await wire.send('B', `GET /api/jobs/${id}/sandbox`)).json).toEqual({ Input: [null], Output: [null] });
    expect((await wire.send('B', `DELETE /api/jobs/${id}/sandbox`)).status).toBe(404);
    expect((await download('B', pfn)).status).toBe(400);
    expect((await wire.send('U', `GET /api/jobs/${id}/sandbox/output`)).json).toEqual([short(pfn)]);
  });
});
