import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  audit,
  nameOf,
  type Revoked,
  Revocations,
  revokeTokens,
  SigningKeys,
  Tokens,
} from '../../../src/auth/index.js';
import { longestClaimWait } from '../../../src/contract/index.js';
import { Log } from '../../../src/platform/index.js';
import { Death, Killed } from '../../support/failing.js';
import { freshDatabase } from '../../support/database.js';

const log = new Log('test', 'error', () => undefined);
const stamp = 'a'.repeat(32);
const user = (name: string, vo = 'lhcb') => ({
  vo,
  group: 'g',
  username: name,
  subject: `${vo}:${name}`,
  properties: ['NormalUser'] as const,
});

let store: Awaited<ReturnType<typeof freshDatabase>>;
let keys: SigningKeys;
let now: number;
const clock = { now: () => now };
/** Two servers. */
const servers: { tokens: Tokens; revocations: Revocations }[] = [];

beforeAll(async () => {
  store = await freshDatabase();
  keys = new SigningKeys(store.database, randomBytes(32), log);
  await keys.start();
  for (let server = 0; server < 2; server += 1) {
    const revocations = new Revocations(store.database, log);
    await revocations.start();
    servers.push({ revocations, tokens: new Tokens(keys, 'https://pilotage.example', clock, revocations) });
  }
});
beforeEach(() => {
  now = Date.now();
});
afterAll(async () => {
  keys.close();
  for (const { revocations } of servers) revocations.close();
  await store.drop();
});

async function revoke(revoked: Revoked): Promise<void> {
  await store.database.transaction((tx) => revokeTokens(tx, revoked));
  for (const { revocations } of servers) await revocations.refresh();
}
const tokensOf = () => {
  const [first] = servers;
  if (first === undefined) throw new Error('no server');
  return first.tokens;
};

/** Whether every server takes this token; throws when they disagree. */
async function isGood(token: string): Promise<boolean> {
  const answers = await Promise.all(
    servers.map(({ tokens }) =>
      tokens.verify(token).then(
        () => true,
        (error: { code: string }) => {
          expect(error.code).toBe('invalid-token');
          return false;
        },
      ),
    ),
  );
  expect(new Set(answers).size).toBe(1);
  return answers[0] === true;
}

describe('revoked tokens', () => {
  it('of a user are refused everywhere, seen before or not; those of others and later ones are not', async () => {
    const [seen, unseen, other] = [
      tokensOf().forUser(user('alice'), 600).token,
      tokensOf().forUser(user('alice'), 600).token,
      tokensOf().forUser(user('bob'), 600).token,
    ];
    expect(await isGood(seen)).toBe(true);
    await revoke({ kind: 'user', subject: 'lhcb:alice' });
    expect([await isGood(seen), await isGood(unseen), await isGood(other)]).toEqual([false, false, true]);
    expect(await isGood(tokensOf().forUser(user('alice'), 600).token)).toBe(false);
    now = Date.now() + 12_000;
    expect(await isGood(tokensOf().forUser(user('alice'), 600).token)).toBe(true);
    expect(await isGood(unseen)).toBe(false);
  });

  it('of a pilot take those of its attempts along, and the secret that it did not use yet', async () => {
    await store.database.execute("INSERT INTO pilots (stamp, vo, secret_hash) VALUES (?, 'lhcb', 'hash')", [stamp]);
    const pilot = tokensOf().forPilot({ vo: 'lhcb', stamp }, 600).token;
    const attempt = tokensOf().forAttempt({ vo: 'lhcb', stamp, jobId: 1, attempt: 1 }, 600).token;
    const other = tokensOf().forPilot({ vo: 'lhcb', stamp: 'b'.repeat(32) }, 600).token;
    expect([await isGood(pilot), await isGood(attempt)]).toEqual([true, true]);
    await revoke({ kind: 'pilot', stamp });
    expect([await isGood(pilot), await isGood(attempt), await isGood(other)]).toEqual([false, false, true]);
    expect(await store.database.query('SELECT secret_hash FROM pilots')).toEqual([{ secret_hash: null }]);
  });

  it('of a pilot or a VO stay refused when a claim that waited already is answered after its wait', async () => {
    await revoke({ kind: 'pilot', stamp: 'c'.repeat(32) });
    await revoke({ kind: 'vo', vo: 'cta' });
    now = Date.now() + (longestClaimWait + 5) * 1_000;
    const claimed = (vo: string, of: string) =>
      tokensOf().forAttempt({ vo, stamp: of, jobId: 2, attempt: 1 }, 600).token;
    const good = [claimed('lhcb', 'c'.repeat(32)), claimed('cta', 'd'.repeat(32)), claimed('lhcb', 'd'.repeat(32))];
    expect(await Promise.all(good.map(isGood))).toEqual([false, false, true]);
    now += 60_000;
    expect(await isGood(tokensOf().forUser(user('frank', 'cta'), 600).token)).toBe(true);
  });

  it('may be one alone, or those of a whole VO', async () => {
    const [one, same] = [
      tokensOf().forUser(user('dave', 'biomed'), 600),
      tokensOf().forUser(user('dave', 'biomed'), 600),
    ];
    await revoke({ kind: 'token', id: one.id });
    expect([await isGood(one.token), await isGood(same.token)]).toEqual([false, true]);
    const foreign = tokensOf().forUser(user('bob'), 600).token;
    await revoke({ kind: 'vo', vo: 'biomed' });
    expect([await isGood(same.token), await isGood(foreign)]).toEqual([false, true]);
  });

  it('of a VO take the secrets of its pilots that have exchanged them: an exchange may be repeated', async () => {
    const insert = `INSERT INTO pilots (stamp, vo, site, ce, queue, status, secret_hash, exchange_id)
      VALUES (?, ?, 'S', 'c', 'q', 'Running', ?, ?)`;
    const secret = 'e'.repeat(64);
    const exchange = '00000000-0000-4000-8000-000000000000';
    await store.database.execute(insert, ['1'.repeat(32), 'ilc', secret, exchange]);
    await store.database.execute(insert, ['2'.repeat(32), 'ilc', secret, null]);
    await store.database.execute(insert, ['3'.repeat(32), 'lhcb', secret, exchange]);
    await revoke({ kind: 'vo', vo: 'ilc' });
    const rows = await store.database.query<{ secret_hash: string | null }>(
      'SELECT secret_hash FROM pilots WHERE stamp IN (?) ORDER BY stamp',
      [['1', '2', '3'].map((digit) => digit.repeat(32))],
    );
    expect(rows.map(({ secret_hash }) => secret_hash)).toEqual([null, secret, secret]);
  });

  it('are followed by every process by itself', async () => {
    const { token } = tokensOf().forUser(user('erin'), 600);
    expect(await isGood(token)).toBe(true);
    await store.database.transaction((tx) => revokeTokens(tx, { kind: 'user', subject: 'lhcb:erin' }));
    const answer = async (index: number): Promise<string> =>
      servers[index]?.tokens.verify(token).then(
        () => 'good',
        () => 'refused',
      ) ?? 'no server';
    const giveUp = Date.now() + 60_000;
    while (Date.now() < giveUp && (await Promise.all([answer(0), answer(1)])).includes('good')) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await isGood(token)).toBe(false);
  }, 90_000);

  it('stay revoked and audited together, wherever the administrator’s process dies', async () => {
    for (let at = 1; ; at += 1) {
      const revoked: Revoked = { kind: 'user', subject: `lhcb:victim-${at}` };
      const death = new Death(at, 'after');
      const database = death.database(store.database);
      const outcome = await database
        .transaction(async (tx) => {
          await revokeTokens(tx, revoked);
          await audit(tx, { vo: 'lhcb', actor: 'root', action: 'token.revoke', subject: nameOf(revoked) });
        })
        .catch((error: unknown) => error);
      const known = (await servers[0]?.revocations.list())?.filter(({ what }) => what === nameOf(revoked)).length;
      const audited = await store.database.query('SELECT 1 AS one FROM audit WHERE subject = ?', [nameOf(revoked)]);
      expect(audited).toHaveLength(known ?? -1);
      if (!death.dead) {
        expect(known).toBe(1);
        break;
      }
      expect(outcome).toBeInstanceOf(Killed);
    }
  });
});
