import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { revokeTokens, SigningKeys } from '../../src/auth/index.js';
import { server } from '../../src/contract/index.js';
import { startServer, type TestServer } from '../support/server.js';

/** Two servers of one installation, behind one public URL. */
let first: TestServer;
let second: TestServer;

beforeAll(async () => {
  first = await startServer();
  const { databaseUrl, publicUrl, masterKey, redisPrefix } = first.config;
  second = await startServer({ configuration: null, config: { databaseUrl, publicUrl, masterKey, redisPrefix } });
}, 60_000);
afterAll(async () => {
  await second.close();
  await first.close();
});

/** What both servers answer to this token. */
const statuses = (token: string): Promise<number[]> =>
  Promise.all(
    [first, second].map(async ({ url }) => {
      const reply = await fetch(`${url}${server.userinfo.path}`, { headers: { authorization: `Bearer ${token}` } });
      return reply.status;
    }),
  );

async function until(token: string, wanted: number): Promise<void> {
  const giveUp = Date.now() + 60_000;
  for (;;) {
    const found = await statuses(token);
    if (found.every((status) => status === wanted)) return;
    if (Date.now() > giveUp) throw new Error(`the servers answered ${found.join(' and ')}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
const kidsOf = async ({ url }: TestServer): Promise<string[]> => {
  const { keys } = (await (await fetch(`${url}${server.jwks.path}`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
};

describe('two servers', () => {
  it('rotate a key without refusing anybody, then refuse the tokens of the old one when it is revoked', async () => {
    const keys = first.app.get(SigningKeys);
    const old = first.tokenFor();
    const { kid: oldKid } = keys.signing();
    expect(await statuses(old)).toEqual([200, 200]);
    const kid = await keys.rotate(async () => undefined);
    expect(keys.signing().kid).toBe(oldKid);
    const giveUp = Date.now() + 60_000;
    while (!(await kidsOf(second)).includes(kid)) {
      if (Date.now() > giveUp) throw new Error('the second server never published the new key');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    // Two minutes go by.
    await first.database.execute('UPDATE signing_keys SET signs_from = NOW(6) WHERE kid = ?', [kid]);
    while (keys.signing().kid !== kid) {
      if (Date.now() > giveUp) throw new Error('the new key never signed');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const young = first.tokenFor();
    expect(await statuses(young)).toEqual([200, 200]);
    expect(await statuses(old)).toEqual([200, 200]);
    await keys.revoke(oldKid, async () => undefined);
    await until(old, 401);
    expect(await statuses(young)).toEqual([200, 200]);
  }, 150_000);

  it('refuse the tokens of a user who was revoked, whichever of them knew the token before, and nobody else', async () => {
    const [bad, good] = [first.tokenFor({ user: 'mallory' }), first.tokenFor({ user: 'bob' })];
    expect(await statuses(bad)).toEqual([200, 200]);
    await first.database.transaction((tx) => revokeTokens(tx, { kind: 'user', subject: 'lhcb:mallory' }));
    await until(bad, 401);
    expect(await statuses(first.tokenFor({ user: 'mallory' }))).toEqual([401, 401]);
    expect(await statuses(good)).toEqual([200, 200]);
  }, 90_000);
});
