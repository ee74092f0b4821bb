import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { S3StorageElement, StorageSettings } from '../../../src/storage/index.js';
import { conforms } from '../../storage/conformance.js';
import { formFor, postForm, someBytes } from '../../storage/support.js';

// Ceph 16 keeps `x-amz-checksum-sha256` of a form, and takes other bytes of the same size.
conforms(
  's3 on a real gateway',
  async () => {
    const se = await open();
    return { se, close: () => se.close() };
  },
  { checksContent: false },
);

describe('a real S3 gateway', () => {
  it('refuses an anonymous reader and an anonymous writer', async () => {
    const se = await open();
    await se.put('private', Buffer.from('x'));
    const url = (await se.downloadUrl({ key: 'private', expiresIn: 60 })).split('?')[0] ?? '';
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(url, { method: 'PUT', body: 'y' })).status).toBe(403);
    expect((await se.get('private')).toString()).toBe('x');
    await se.close();
  });

  it('refuses a policy whose size was raised after signing', async () => {
    const se = await open();
    const form = await formFor(se, { key: 'raised', bytes: someBytes(10) });
    const policy = Buffer.from(form.fields.Policy ?? '', 'base64').toString();
    const raised = policy.replace('"content-length-range",10,10', '"content-length-range",0,99');
    expect(raised).not.toBe(policy);
    const fields = { ...form.fields, Policy: Buffer.from(raised).toString('base64') };
    expect(await postForm({ ...form, fields }, someBytes(50))).toBe(403);
    expect(await se.head('raised')).toBeNull();
    await se.close();
  });

  it('says `authorisation` for wrong credentials, and `protocol` for a bucket that does not exist', async () => {
    const stranger = await open({ secret_key: 'wrong' });
    await expect(stranger.get('x')).rejects.toMatchObject({ kind: 'authorisation' });
    await expect(stranger.put('x', Buffer.from('x'))).rejects.toMatchObject({ kind: 'authorisation' });
    const lost = await open({ bucket: `no-${randomUUID()}` });
    await expect(lost.get('x')).rejects.toMatchObject({ kind: 'protocol' });
    await expect(lost.put('x', Buffer.from('x'))).rejects.toMatchObject({ kind: 'protocol' });
    await Promise.all([stranger.close(), lost.close()]);
  });
});

async function open(changed: Record<string, string> = {}) {
  const settings = StorageSettings.parse({
    driver: 's3',
    endpoint: required('PILOTAGE_S3_ENDPOINT'),
    region: required('PILOTAGE_S3_REGION'),
    access_key: required('PILOTAGE_S3_ACCESS_KEY'),
    secret_key: required('PILOTAGE_S3_SECRET_KEY'),
    bucket: 'pilotage-test',
    prefix: randomUUID(),
    ...changed,
  });
  if (settings.driver !== 's3') throw new Error('Not the settings of an S3 store');
  const se = new S3StorageElement('TestSE', settings);
  if (Object.keys(changed).length === 0) await se.ensureBucket();
  return se;
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`Set ${name}: the store that this test talks to`);
  return value;
}
