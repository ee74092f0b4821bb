import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac, randomBytes, sign } from 'node:crypto';
import { resealKeys, SigningKeys, Tokens } from '../../../src/auth/index.js';
import { Log } from '../../../src/platform/index.js';
import { freshDatabase } from '../../support/database.js';

const log = new Log('test', 'error', () => undefined);
const issuer = 'https://pilotage.example';
const held = { vo: 'lhcb', stamp: 'a'.repeat(32), jobId: 7, attempt: 2 };
const nothing = async () => undefined;

let store: Awaited<ReturnType<typeof freshDatabase>>;
const opened: SigningKeys[] = [];

beforeEach(async () => {
  store = await freshDatabase();
});
afterEach(async () => {
  for (const keys of opened.splice(0)) keys.close();
  await store.drop();
});

const sealing = randomBytes(32);

async function server(key = sealing): Promise<{ keys: SigningKeys; tokens: Tokens }> {
  const keys = new SigningKeys(store.database, key, log);
  opened.push(keys);
  await keys.start();
  return { keys, tokens: new Tokens(keys, issuer) };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const parts = (token: string): unknown[] =>
  token
    .split('.')
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as unknown);

describe('the token of an attempt', () => {
  it('carries a code that every server of the installation can check', async () => {
    const { tokens, keys } = await server();
    const { token } = tokens.forAttempt(held, 600);
    expect(parts(token)).toEqual([
      { typ: 'JWT', alg: 'HS256', kid: keys.signing().kid },
      expect.objectContaining({ aud: 'pilotage-attempt', job_id: 7, attempt: 2 }),
    ]);
    await expect((await server()).tokens.verify(token)).resolves.toEqual({ kind: 'attempt', ...held });
  });

  it('is refused when anything of it was changed', async () => {
    const { tokens } = await server();
    const [head = '', payload = '', code = ''] = tokens.forAttempt(held, 600).token.split('.');
    const [, claims] = parts(`${head}.${payload}.`) as [unknown, Record<string, unknown>];
    const other = tokens.forAttempt({ ...held, jobId: 8 }, 600).token.split('.')[2] ?? '';
    const changed = [
      `${head}.${encode({ ...claims, job_id: 8 })}.${code}`,
      `${head}.${payload}.${other}`,
      `${head}.${payload}.${code.slice(1)}`,
      `${head}.${payload}.${'A'.repeat(86)}`,
      `${head}.${payload}.`,
    ];
    for (const token of changed) await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
  });

  it('does not open with the published key as its secret, nor with the secret of another key', async () => {
    const { tokens, keys } = await server();
    const [jwk] = keys.jwks().keys;
    const text = tokens.forAttempt(held, 600).token.split('.').slice(0, 2).join('.');
    const guesses = [Buffer.from(String(jwk?.x), 'base64url'), String(jwk?.x), JSON.stringify(jwk), ''];
    for (const guess of guesses) {
      const forged = `${text}.${createHmac('sha256', guess).update(text).digest('base64url')}`;
      await expect(tokens.verify(forged)).rejects.toMatchObject({ code: 'invalid-token' });
    }
    const elsewhere = await freshDatabase();
    const foreign = new SigningKeys(elsewhere.database, sealing, log);
    try {
      await foreign.start();
      const forged = `${text}.${foreign.signing().secret.codeOf(text)}`;
      await expect(tokens.verify(forged)).rejects.toMatchObject({ code: 'invalid-token' });
    } finally {
      foreign.close();
      await elsewhere.drop();
    }
  });

  it('is the only one that such a code opens: users and pilots need a signature', async () => {
    const { tokens, keys } = await server();
    const { kid, secret } = keys.signing();
    const head = encode({ typ: 'JWT', alg: 'HS256', kid });
    const payload = tokens.forPilot({ vo: 'lhcb', stamp: held.stamp }, 600).token.split('.')[1] ?? '';
    const text = `${head}.${payload}`;
    await expect(tokens.verify(`${text}.${secret.codeOf(text)}`)).rejects.toMatchObject({ code: 'invalid-token' });
  });

  it('is worthless when its key is revoked, in other processes too', async () => {
    const first = await server();
    const second = await server();
    const { token } = first.tokens.forAttempt(held, 600);
    await second.tokens.verify(token);
    await first.keys.revoke(first.keys.signing().kid, nothing);
    await expect(first.tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
    await second.keys.start();
    await expect(second.tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
    await expect(second.tokens.verify(second.tokens.forAttempt(held, 600).token)).resolves.toMatchObject(held);
  });

  it('goes on after its keys were sealed anew; a server with the old master key says that it cannot tell', async () => {
    const late = await server();
    const { kid: old } = late.keys.signing();
    const { token } = late.tokens.forAttempt(held, 600);
    const other = randomBytes(32);
    await resealKeys(store.database, { from: sealing, to: other }, nothing);
    const renewed = await server(other);
    await expect(renewed.tokens.verify(token)).resolves.toMatchObject(held);
    await renewed.keys.revoke(old, nothing);
    await expect(late.keys.start()).rejects.toThrow(/does not open/);
    const fresh = renewed.tokens.forAttempt(held, 600).token;
    await expect(late.tokens.verify(fresh)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('may also be signed, as older servers did', async () => {
    const { tokens, keys } = await server();
    const { kid, key } = keys.signing();
    const payload = tokens.forAttempt(held, 600).token.split('.')[1] ?? '';
    const text = `${encode({ typ: 'JWT', alg: 'Ed25519', kid })}.${payload}`;
    const token = `${text}.${sign(null, Buffer.from(text), key).toString('base64url')}`;
    await expect(tokens.verify(token)).resolves.toEqual({ kind: 'attempt', ...held });
  });
});
