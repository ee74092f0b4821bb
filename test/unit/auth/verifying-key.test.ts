import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { VerifyingKey } from '../../../src/auth/verifying-key.js';

describe('a verifying key', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = new VerifyingKey(publicKey.export({ format: 'jwk' }));
  const texts = Array.from({ length: 40 }, (_, number) => Buffer.from(`text ${number}`));

  it('tells each of many signatures that are checked at once', async () => {
    const verdicts = await Promise.all(
      texts.map((text, number) => {
        const signature = sign(null, number % 3 === 0 ? Buffer.from('another') : text, privateKey);
        return key.isSignatureOf(text, signature);
      }),
    );
    expect(verdicts).toEqual(texts.map((_, number) => number % 3 !== 0));
  });

  it('goes on after signatures that are none', async () => {
    const [text = Buffer.alloc(0)] = texts;
    const none = await Promise.all(Array.from({ length: 10 }, () => key.isSignatureOf(text, Buffer.alloc(0))));
    expect(none).toEqual(Array.from({ length: 10 }, () => false));
    await expect(key.isSignatureOf(text, sign(null, text, privateKey))).resolves.toBe(true);
  });
});
