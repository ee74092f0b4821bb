import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { audit, resealKeys, SigningKeys, Tokens } from '../../../src/auth/index.js';
import { Log, type Transaction } from '../../../src/platform/index.js';
import { Death, Killed } from '../../support/failing.js';
import { freshDatabase } from '../../support/database.js';

const log = new Log('test', 'error', () => undefined);
const sealing = randomBytes(32);
const nothing = async () => undefined;
const alice = { vo: 'lhcb', group: 'g', username: 'alice', subject: 'lhcb:alice', properties: ['NormalUser'] as const };

let store: Awaited<ReturnType<typeof freshDatabase>>;
let now: number;
const opened: SigningKeys[] = [];

beforeEach(async () => {
  store = await freshDatabase();
  now = Date.now();
});
afterEach(async () => {
  for (const keys of opened.splice(0)) keys.close();
  await store.drop();
});

/** The keys as one process sees them. */
async function process(key = sealing): Promise<{ keys: SigningKeys; tokens: Tokens }> {
  const clock = { now: () => now };
  const keys = new SigningKeys(store.database, key, log, clock);
  opened.push(keys);
  await keys.start();
  return { keys, tokens: new Tokens(keys, 'https://pilotage.example', clock) };
}
const kids = ({ keys }: { keys: SigningKeys }) => keys.jwks().keys.map(({ kid }) => kid);
const soon = () => store.database.execute('UPDATE signing_keys SET signs_from = signs_from - INTERVAL 200 SECOND');

describe('signing keys', () => {
  it('are made once, however many processes start at the same time', async () => {
    const processes = await Promise.all(Array.from({ length: 5 }, () => process()));
    expect(new Set(processes.flatMap(kids)).size).toBe(1);
  });

  it('lie encrypted in the database and open only with the same master key', async () => {
    await process();
    const [row] = await store.database.query<Record<string, string>>('SELECT * FROM signing_keys');
    expect(JSON.stringify(row)).not.toContain('"d"');
    await expect(process(randomBytes(32))).rejects.toThrow(/PILOTAGE_MASTER_KEY_FILE does not open/);
    await store.database.execute('UPDATE signing_keys SET kid = REVERSE(kid)');
    await expect(process()).rejects.toThrow(/does not open/);
  });

  it('are published before they sign, and the old one goes on verifying', async () => {
    const first = await process();
    const old = first.tokens.forUser(alice, 3_600).token;
    const [before] = kids(first);
    const kid = await first.keys.rotate(nothing);
    expect(kids(first)).toContain(kid);
    expect(first.keys.signing().kid).toBe(before);
    await soon();
    const second = await process();
    expect(second.keys.signing().kid).toBe(kid);
    await expect(second.tokens.verify(old)).resolves.toMatchObject({ username: 'alice' });
    const states = (await second.keys.list()).map((report) => [report.kid, report.state, report.retiresAt !== null]);
    expect(states).toEqual([
      [kid, 'signing', false],
      [before, 'verifying', true],
    ]);
  });

  it('of another process are found when its first token comes', async () => {
    const first = await process();
    const second = await process();
    await first.keys.rotate(nothing);
    await soon();
    const third = await process();
    const { token } = third.tokens.forUser(alice, 60);
    await expect(second.tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
    now += 2_000;
    await expect(second.tokens.verify(token)).resolves.toMatchObject({ subject: 'lhcb:alice' });
  });

  it('that are revoked make their tokens worthless, also those that were seen before', async () => {
    const { keys, tokens } = await process();
    const { token } = tokens.forUser(alice, 3_600);
    await tokens.verify(token);
    const { kid } = keys.signing();
    await keys.revoke(kid, nothing);
    expect(keys.signing().kid).not.toBe(kid);
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
    await expect(tokens.verify(tokens.forUser(alice, 60).token)).resolves.toMatchObject({ username: 'alice' });
    expect((await keys.list()).find((report) => report.kid === kid)?.state).toBe('revoked');
  });

  it('that are revoked right after a rotation leave the new one signing at once', async () => {
    const { keys } = await process();
    const { kid: old } = keys.signing();
    const kid = await keys.rotate(nothing);
    await keys.revoke(old, nothing);
    expect(keys.signing().kid).toBe(kid);
    expect(await keys.list()).toHaveLength(2);
  });

  it('are not changed when the audit entry cannot be written, and unknown ones are refused', async () => {
    const { keys } = await process();
    await expect(keys.rotate(() => Promise.reject(new Error('no audit')))).rejects.toThrow('no audit');
    expect(await keys.list()).toHaveLength(1);
    await expect(keys.revoke('f'.repeat(32), nothing)).rejects.toThrow(/There is no key/);
  });
});

describe('keys that are sealed anew', () => {
  const other = randomBytes(32);

  it('open with the new master key and no longer with the old one, and their tokens stay good', async () => {
    const { tokens, keys } = await process();
    const { token } = tokens.forUser(alice, 3_600);
    await keys.rotate(nothing);
    const audited: number[] = [];
    const reseal = () =>
      resealKeys(store.database, { from: sealing, to: other }, async (_tx, resealed) => void audited.push(resealed));
    expect(await reseal()).toBe(2);
    await expect(process()).rejects.toThrow(/does not open/);
    await expect((await process(other)).tokens.verify(token)).resolves.toMatchObject({ username: 'alice' });
    expect(await reseal()).toBe(0);
    expect(audited).toEqual([2, 0]);
  });

  it('leave a server that still has the old master key able to see revocations, and unable to sign with what is revoked', async () => {
    const late = await process();
    const { token } = late.tokens.forUser(alice, 3_600);
    await late.tokens.verify(token);
    await resealKeys(store.database, { from: sealing, to: other }, nothing);
    const { keys } = await process(other);
    await keys.revoke(late.keys.signing().kid, nothing);
    // The look that every server has every five seconds; the key that signs now does not open for this one.
    await expect(late.keys.start()).rejects.toThrow(/does not open/);
    await expect(late.tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token' });
    expect(() => late.keys.signing()).toThrow(/no signing key/);
  });

  it('stay as they are when one opens with neither key, or the process dies', async () => {
    await process();
    await expect(resealKeys(store.database, { from: randomBytes(32), to: randomBytes(32) }, nothing)).rejects.toThrow(
      /does not open/,
    );
    for (let at = 1; ; at += 1) {
      const death = new Death(at, 'before');
      const outcome = await resealKeys(death.database(store.database), { from: sealing, to: other }, nothing).catch(
        (error: unknown) => error,
      );
      if (!death.dead) break;
      expect(outcome).toBeInstanceOf(Killed);
      await expect(process()).resolves.toBeDefined();
    }
    await expect(process(other)).resolves.toBeDefined();
  });
});

describe('a rotation or revocation', () => {
  it.each(['rotate', 'revoke'] as const)(
    '(%s) whose process dies happened with its audit entry, or not at all',
    async (act) => {
      const { keys: first, tokens } = await process();
      for (let at = 1; ; at += 1) {
        const before = (await first.list()).length;
        const death = new Death(at, 'after');
        const mortal = new SigningKeys(death.database(store.database), sealing, log, { now: () => now });
        opened.push(mortal);
        const entry = { vo: '', actor: 'root', action: `key.${act}`, subject: `step ${at}` };
        const write = (tx: Transaction): Promise<void> => audit(tx, entry);
        const { kid } = first.signing();
        const work = async (): Promise<unknown> => {
          await mortal.start();
          return act === 'rotate' ? mortal.rotate(write) : mortal.revoke(kid, write);
        };
        await work().catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
        now += 2_000;
        const after = await process();
        const reports = await after.keys.list();
        const audited = await store.database.query('SELECT 1 AS one FROM audit WHERE subject = ?', [`step ${at}`]);
        const changed =
          act === 'rotate'
            ? reports.length > before
            : reports.some((report) => report.kid === kid && report.state === 'revoked');
        expect(audited).toHaveLength(changed ? 1 : 0);
        expect(reports.filter(({ state }) => state === 'signing')).toHaveLength(1);
        await expect(after.tokens.verify(after.tokens.forUser(alice, 60).token)).resolves.toMatchObject({
          kind: 'user',
        });
        await expect(
          after.tokens.verify(tokens.forUser(alice, 60).token).then(
            () => 'good',
            () => 'refused',
          ),
        ).resolves.toBe(act === 'revoke' && changed ? 'refused' : 'good');
        if (!death.dead) break;
        await first.start();
      }
    },
    60_000,
  );
});

describe('tokens', () => {
  it('say what they were made for, and nothing else is accepted in their place', async () => {
    const { tokens } = await process();
    const stamp = 'a'.repeat(32);
    const held = [
      [tokens.forUser(alice, 60), { kind: 'user', ...alice }],
      [tokens.forPilot({ vo: 'lhcb', stamp }, 60), { kind: 'pilot', vo: 'lhcb', stamp }],
      [
        tokens.forAttempt({ vo: 'lhcb', stamp, jobId: 7, attempt: 2 }, 60),
        { kind: 'attempt', vo: 'lhcb', stamp, jobId: 7, attempt: 2 },
      ],
    ] as const;
    for (const [{ token }, principal] of held) {
      expect(await tokens.verify(token)).toEqual(principal);
      expect(await tokens.verify(token)).toEqual(principal);
    }
  });

  it('expire, also when they were seen before', async () => {
    const { tokens } = await process();
    const { token } = tokens.forUser(alice, 60);
    await tokens.verify(token);
    now += 59_000;
    await tokens.verify(token);
    now += 2_000;
    await expect(tokens.verify(token)).rejects.toMatchObject({ code: 'invalid-token', message: 'Invalid JWT' });
  });

  it('of another installation are refused, even with the same keys', async () => {
    const { keys, tokens } = await process();
    const other = new Tokens(keys, 'https://other.example');
    await expect(tokens.verify(other.forUser(alice, 60).token)).rejects.toMatchObject({ code: 'invalid-token' });
  });

  it('live 30 days at most', async () => {
    const { tokens } = await process();
    expect(() => tokens.forUser(alice, 31 * 86_400)).toThrow(/30|2592000/);
  });

  it('are made fast enough to give one to every claimed job', async () => {
    const { tokens } = await process();
    const count = 2_000;
    const started = performance.now();
    for (let jobId = 1; jobId <= count; jobId += 1) tokens.forAttempt({ vo: 'v', stamp: 's', jobId, attempt: 1 }, 60);
    const rate = (count / (performance.now() - started)) * 1_000;
    expect(rate).toBeGreaterThan(2_000);
  });
});
