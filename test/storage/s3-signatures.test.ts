import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openStorageElement, type StorageElement, StorageSettings } from '../../src/storage/index.js';
import { signatureOfUrl, signV4 } from './signature-v4.js';

const accessKey = 'AKIAIOSFODNN7EXAMPLE';
const scope = { secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', day: '20260203', region: 'eu-central-2' };
const key = 'lhcb/lhcb_user/jdoe/sha256:00ff=.tar.gz';
const sha256 = '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae';

describe('the derivation of this test', () => {
  it('gives the signature that Amazon publishes for its example of a presigned GET', () => {
    const url =
      'https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256' +
      `&X-Amz-Credential=${accessKey}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request` +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host';
    const signature = signatureOfUrl(url, { ...scope, day: '20130524', region: 'us-east-1' });
    expect(signature).toBe('aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
  });
});

describe.each([
  { path_style: true, base: 'https://s3.example.org:8443/sandboxes' },
  { path_style: false, base: 'https://sandboxes.s3.example.org:8443' },
])('signed access to S3, path style $path_style', ({ path_style, base }) => {
  let se: StorageElement;

  beforeAll(() => {
    // Only the date stands still; the SDK's own timers run.
    const doNotFake = ['nextTick', 'setImmediate', 'setTimeout', 'setInterval', 'queueMicrotask'] as const;
    jest.useFakeTimers({ now: Date.UTC(2026, 1, 3, 4, 5, 6), doNotFake: [...doNotFake] });
    const settings = StorageSettings.parse({
      driver: 's3',
      endpoint: 'https://s3.example.org:8443',
      region: scope.region,
      bucket: 'sandboxes',
      prefix: 'pilotage',
      path_style,
      access_key: accessKey,
      secret_key: scope.secretKey,
    });
    se = openStorageElement('SandboxSE', settings, { signingKey: Buffer.alloc(32), publicUrl: 'https://unused' });
  });
  afterAll(async () => {
    jest.useRealTimers();
    await se.close();
  });

  it('signs a download for one object, time span and file name', async () => {
    const url = await se.downloadUrl({ key, expiresIn: 300, filename: 'my output.tar.gz' });
    const { searchParams, origin, pathname } = new URL(url);
    expect(decodeURIComponent(origin + pathname)).toBe(`${base}/pilotage/${key}`);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${accessKey}/20260203/eu-central-2/s3/aws4_request`,
      'X-Amz-Date': '20260203T040506Z',
      'X-Amz-Expires': '300',
      'X-Amz-SignedHeaders': 'host',
      'response-content-disposition': 'attachment; filename="my output.tar.gz"',
    });
    expect(searchParams.get('X-Amz-Signature')).toBe(signatureOfUrl(url, scope));
  });

  it('signs an upload of exactly the announced bytes', async () => {
    const { url, fields } = await se.uploadForm({ key, sha256, size: 3, expiresIn: 300 });
    expect(url.replace(/\/$/, '')).toBe(base);
    const announced = {
      bucket: 'sandboxes',
      key: `pilotage/${key}`,
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-checksum-sha256': 'LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `${accessKey}/20260203/eu-central-2/s3/aws4_request`,
      'X-Amz-Date': '20260203T040506Z',
    };
    const { Policy = '', 'X-Amz-Signature': signature, ...rest } = fields;
    expect(rest).toEqual(announced);
    const policy = JSON.parse(Buffer.from(Policy, 'base64').toString()) as { conditions: unknown[] };
    const conditions = Object.entries(announced).map(([name, value]) => ({ [name]: value }));
    expect({ ...policy, conditions: new Set(policy.conditions) }).toEqual({
      expiration: '2026-02-03T04:10:06Z',
      conditions: new Set<unknown>([['content-length-range', 3, 3], ...conditions]),
    });
    expect(signature).toBe(signV4(Policy, scope));
  });
});
