import { expect, it } from '@jest/globals';
import type { StorageElement } from '../../src/storage/index.js';
import type { Weaknesses } from './conformance.js';
import { eventually, formFor, postForm, someBytes } from './support.js';

const isRefused = (status: number) => status >= 400 && status < 500;

/** Forms and URLs that need no token, do one thing only, and end. */
export function signedAccess(element: () => StorageElement, weaknesses: Weaknesses): void {
  downloads(element, weaknesses);
  uploads(element, weaknesses);
}

function downloads(element: () => StorageElement, weaknesses: Weaknesses): void {
  const signed = weaknesses.checksSignatures === false ? it.skip : it;

  it('serves a download URL without a token, under the name that was asked for', async () => {
    const bytes = someBytes(5_000);
    await element().put('signed/down:1', bytes);
    const reply = await fetch(
      await element().downloadUrl({ key: 'signed/down:1', expiresIn: 60, filename: 'säve 1.gz' }),
    );
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment; filename="s_ve 1\.gz"/);
    expect(Buffer.from(await reply.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('serves a part of an object', async () => {
    await element().put('signed/part', Buffer.from('0123456789'));
    const url = await element().downloadUrl({ key: 'signed/part', expiresIn: 60 });
    const reply = await fetch(url, { headers: { range: 'bytes=2-4' } });
    expect(reply.status).toBe(206);
    expect(reply.headers.get('content-range')).toBe('bytes 2-4/10');
    expect(await reply.text()).toBe('234');
    const beyond = await fetch(url, { headers: { range: 'bytes=10-' } });
    await beyond.arrayBuffer();
    expect(beyond.status).toBe(416);
  });

  it('says 404 for a URL of an object that does not exist', async () => {
    const reply = await fetch(await element().downloadUrl({ key: 'signed/never', expiresIn: 60 }));
    await reply.arrayBuffer();
    expect(reply.status).toBe(404);
  });

  it('refuses an expired download URL', async () => {
    await element().put('signed/old', Buffer.from('x'));
    const url = await element().downloadUrl({ key: 'signed/old', expiresIn: 1 });
    await eventually(async () => {
      const reply = await fetch(url);
      await reply.arrayBuffer();
      return reply.status === 403;
    });
  });

  signed('refuses a download URL that was changed', async () => {
    await element().put('signed/mine', Buffer.from('x'));
    await element().put('signed/yours', Buffer.from('y'));
    const url = await element().downloadUrl({ key: 'signed/mine', expiresIn: 60 });
    for (const changed of [
      url.replace('mine', 'yours'),
      url.replace(/(ignature=.)(.)/, flip),
      url.split('?')[0] ?? '',
    ]) {
      const reply = await fetch(changed);
      await reply.arrayBuffer();
      expect(reply.status).toBe(403);
    }
  });
}

function uploads(element: () => StorageElement, weaknesses: Weaknesses): void {
  const forms = weaknesses.checksForms === false ? it.skip : it;
  const content = weaknesses.checksContent === false || weaknesses.checksForms === false ? it.skip : it;

  it('takes the announced bytes by a form, again too', async () => {
    const bytes = someBytes(70_000);
    const form = await formFor(element(), { key: 'signed/up:1.tar.gz', bytes });
    expect(await postForm(form, bytes)).toBeLessThan(300);
    expect((await element().get('signed/up:1.tar.gz')).equals(bytes)).toBe(true);
    expect(await postForm(form, bytes)).toBeLessThan(300);
  });

  content('refuses other bytes of the announced size', async () => {
    const form = await formFor(element(), { key: 'signed/other', bytes: someBytes(1_000) });
    expect(isRefused(await postForm(form, someBytes(1_000)))).toBe(true);
    expect(await element().head('signed/other')).toBeNull();
  });

  forms.each([999, 1_001, 300_000, 0])('refuses %d bytes where 1,000 were announced', async (size) => {
    const form = await formFor(element(), { key: 'signed/size', bytes: someBytes(1_000) });
    expect(isRefused(await postForm(form, someBytes(size)))).toBe(true);
    expect(await element().head('signed/size')).toBeNull();
  });

  forms('refuses another key', async () => {
    const bytes = someBytes(1_000);
    const { url, fields } = await formFor(element(), { key: 'signed/own', bytes });
    const key = (fields.key ?? '').replace('own', 'foreign');
    expect(isRefused(await postForm({ url, fields: { ...fields, key } }, bytes))).toBe(true);
    expect(await element().head('signed/foreign')).toBeNull();
  });

  forms('refuses a form that was changed or stripped', async () => {
    const bytes = someBytes(1_000);
    const { url, fields } = await formFor(element(), { key: 'signed/stripped', bytes });
    const name = Object.keys(fields).find((field) => /signature$/i.test(field)) ?? '';
    const { [name]: signature = '', ...stripped } = fields;
    expect(isRefused(await postForm({ url, fields: stripped }, bytes))).toBe(true);
    const changed = { ...stripped, [name]: signature.replace(/^(.)(.)/, flip) };
    expect(isRefused(await postForm({ url, fields: changed }, bytes))).toBe(true);
    expect(await element().head('signed/stripped')).toBeNull();
  });

  forms('refuses an expired form', async () => {
    const bytes = someBytes(10);
    const form = await formFor(element(), { key: 'signed/late', bytes, expiresIn: 1 });
    await eventually(async () => isRefused(await postForm(form, bytes)));
  });
}

function flip(_: string, before: string, character: string): string {
  return before + (character === '0' ? '1' : '0');
}
