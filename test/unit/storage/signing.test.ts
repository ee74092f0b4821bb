import { describe, expect, it } from '@jest/globals';
import { isGenuine, signObject, type SignedObject } from '../../../src/storage/signing.js';

const key = Buffer.alloc(32, 1);
const upload: SignedObject = {
  method: 'POST',
  se: 'SandboxSE',
  key: 'lhcb/a',
  sha256: 'ab'.repeat(32),
  size: '10',
  expires: '1700000000',
};

describe('signatures of the object door', () => {
  it('hold for what was signed, with the key that signed', () => {
    expect(isGenuine(key, upload, signObject(key, upload))).toBe(true);
    expect(isGenuine(Buffer.alloc(32, 2), upload, signObject(key, upload))).toBe(false);
  });

  it.each([
    { method: 'GET' as const },
    { se: 'OtherSE' },
    { key: 'lhcb/b' },
    { sha256: 'cd'.repeat(32) },
    { size: '11' },
    { expires: '1700000001' },
    { filename: 'x' },
  ])('do not hold for anything else: %j', (change) => {
    expect(isGenuine(key, { ...upload, ...change }, signObject(key, upload))).toBe(false);
  });

  it('keep the parts apart', () => {
    const signature = signObject(key, { ...upload, se: 'a","b', key: 'c' });
    expect(isGenuine(key, { ...upload, se: 'a', key: 'b","c' }, signature)).toBe(false);
  });

  it.each(['', 'x', 'ä'.repeat(43), 'A'.repeat(43)])('are not %j', (signature) => {
    expect(isGenuine(key, upload, signature)).toBe(false);
  });

  it('stay the same between versions of the server', () => {
    expect(signObject(key, upload)).toBe('TGaJo7WN7fyTl2VsP8uZ_mzeDKqGIAWUqSboJSA3xcM');
  });
});
