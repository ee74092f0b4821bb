import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type LimitState, LimitStates } from '../../../src/wms/limits/limit-states.js';
import { LimitUpkeep } from '../../../src/wms/limits/limit-upkeep.js';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import type { Overrides } from '../../support/configuration.js';
import { anOffer, type MatchingTest, startMatching } from '../../support/matching.js';
import { atSite, claimAll, count, end, expectWholeSlots, reconfigure } from '../../support/running-limits.js';

describe('what surrounds limits on running jobs', () => {
  let wms: MatchingTest;
  const start = async (overrides: Overrides): Promise<void> => {
    wms = await startMatching(overrides);
  };
  afterEach(() => wms.close());

  it('take nothing when the claim is rolled back', async () => {
    await start(atSite({ max_running: 2, per_minute: 2 }));
    const [jobId] = await wms.submit();
    const server = wms.server();
    const stamp = await wms.pilot();
    // The lease is written before the slots are taken; that it is there already fails the claim.
    await wms.database.execute(
      "INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at) VALUES (?, 1, NOW(6), 'lhcb', 'x', NOW(6))",
      [jobId],
    );
    await expect(server.claim(stamp)).rejects.toThrow('Duplicate');
    await wms.database.execute('DELETE FROM leases');
    expect(await count(wms, 'limit_uses')).toBe(0);
    expect(await count(wms, 'limit_slots WHERE not_before > NOW(6)')).toBe(0);
    expect(await server.claim(stamp)).toHaveLength(1);
    await expectWholeSlots(wms);
  });

  it('write nothing and ask nothing where none is configured', async () => {
    await start({});
    await wms.submit();
    const server = wms.server();
    const [attempt] = await server.claim(await wms.pilot());
    expect(await count(wms, 'leases WHERE limited = 0')).toBe(1);
    await end(server, attempt as ClaimedAttempt);
    expect(
      (await count(wms, 'limit_keys')) + (await count(wms, 'limit_slots')) + (await count(wms, 'limit_uses')),
    ).toBe(0);
  });

  it('give a pilot that waits its job soon after a slot is free, and not before', async () => {
    await start(atSite({ job_type: 'User', max_running: 1 }));
    await wms.submit({}, { count: 2 });
    const [one, two] = [wms.server(), wms.server()];
    const [first] = await one.claim(await wms.pilot());
    const stamp = await wms.pilot();
    const never = new AbortController().signal;
    const request = { claim_id: randomUUID(), offer: anOffer, max_jobs: 1, wait: 60, acknowledged: [] };
    await two.index.rebuild();
    const principal = { kind: 'pilot' as const, vo: 'lhcb', stamp };
    const waiting = two.matching.claim(principal, request, never);
    await Promise.race([delay(500), waiting]);
    expect(await count(wms, 'leases')).toBe(1);
    await end(one, first as ClaimedAttempt);
    expect((await waiting).jobs).toHaveLength(1);
  }, 60_000);

  it('are put in order: rows of rules that have gone, slots beyond a maximum, attempts and slots that were lost sight of', async () => {
    await start(atSite({ max_running: 8 }, { job_type: 'User', per_minute: 4 }));
    await wms.submit({}, { count: 15 });
    const server = wms.server();
    const stamp = await wms.pilot();
    const upkeep = new LimitUpkeep(wms.database, wms.wakeUps);
    const run = () => upkeep.run(wms.configuration.get().document);
    const running = await claimAll(server, stamp);
    expect(running).toHaveLength(4);
    expect(await run()).toEqual({ removed: 0, counted: 0, freed: 0 });
    // A server that knows no limits ended the one attempt and began the other.
    const [ended, begun] = running;
    await wms.database.execute('UPDATE leases SET limited = 0 WHERE job_id IN (?)', [[ended?.job_id, begun?.job_id]]);
    await end(server, ended as ClaimedAttempt);
    await wms.database.execute('DELETE FROM limit_uses WHERE job_id = ?', [begun?.job_id]);
    await wms.database.execute(
      'INSERT INTO limit_slots (limit_id, number) SELECT limit_id, numbers.number FROM limit_keys, (SELECT 1 AS number UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) numbers WHERE NOT EXISTS (SELECT 1 FROM limit_slots s WHERE s.limit_id = limit_keys.limit_id AND s.number = numbers.number) AND NOT EXISTS (SELECT 1 FROM limit_uses u WHERE u.limit_id = limit_keys.limit_id AND u.number = numbers.number)',
    );
    expect(await run()).toEqual({ removed: 0, counted: 1, freed: 1 });
    expect(await count(wms, 'limit_uses')).toBe(3);
    await expectWholeSlots(wms);
    await reconfigure(wms, atSite({ max_running: 2 }));
    await wms.database.execute('UPDATE limit_keys SET created_at = created_at - INTERVAL 1 HOUR');
    expect((await run()).removed).toBeGreaterThan(4);
    expect(await count(wms, 'limit_keys')).toBe(1);
    expect(await claimAll(server, stamp)).toEqual([]);
    await expectWholeSlots(wms);
    for (const attempt of running.slice(1)) await end(server, attempt);
    await reconfigure(wms, atSite({ max_running: 7 }));
    const again: ClaimedAttempt[] = [];
    while (again.length < 7) {
      again.push(...(await claimAll(server, stamp)));
      await delay(20);
    }
    expect(await count(wms, 'leases')).toBe(7);
    await expectWholeSlots(wms);
    await reconfigure(wms, {});
    await wms.database.execute('UPDATE limit_keys SET created_at = created_at - INTERVAL 1 HOUR');
    await run();
    expect(
      (await count(wms, 'limit_keys')) + (await count(wms, 'limit_slots')) + (await count(wms, 'limit_uses')),
    ).toBe(0);
  }, 60_000);

  it('tell how full they are', async () => {
    await start({
      ...atSite({ job_type: 'User', max_running: 2, per_minute: 3 }),
      vos: {
        lhcb: { running_limits: [{ owner: '*', max_running: 9 }] },
        biomed: { running_limits: [{ max_running: 1 }] },
      },
    });
    await wms.submit({}, { count: 4 });
    await claimAll(wms.server(), await wms.pilot());
    const states = new LimitStates(wms.database, wms.configuration);
    const place = { site: 'Demo.Local', ce: 'local' };
    const job = { vo: 'lhcb', group: 'lhcb_user', owner: 'jdoe', subject: 'lhcb:jdoe', jobType: 'User' };
    const short = (all: readonly LimitState[]) =>
      all.map(({ scope: { owner }, window, maximum, inUse, freeIn }) => [owner, window, maximum, inUse, freeIn]);
    const expected = [
      ['jdoe', null, 9, 2, 0],
      [undefined, null, 2, 2, null],
      [undefined, 60, 3, 2, 0],
    ];
    expect(short(await states.of(job, place))).toEqual(expected);
    expect(new Set(short(await states.all('LHCB')))).toEqual(new Set(expected));
    expect(new Set(short(await states.all('biomed')))).toEqual(
      new Set([...expected.slice(1), [undefined, null, 1, 0, 0]]),
    );
    expect(short(await states.of({ ...job, owner: 'rroe', subject: 'lhcb:rroe' }, place))[0]).toEqual([
      'rroe',
      null,
      9,
      0,
      0,
    ]);
    await wms.database.execute('UPDATE limit_slots SET not_before = NOW(6) + INTERVAL 30 SECOND');
    expect((await states.of(job, place))[2]).toMatchObject({
      maximum: 3,
      inUse: expect.any(Number),
      freeIn: expect.any(Number),
    });
  });
});
