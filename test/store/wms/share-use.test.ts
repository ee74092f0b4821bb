import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ShareUse } from '../../../src/wms/task-queues/share-use.js';
import type { NamedEntity } from '../../../src/wms/task-queues/shares.js';
import { startMatching } from '../../support/matching.js';

let wms: Awaited<ReturnType<typeof startMatching>>;
beforeAll(async () => {
  wms = await startMatching();
});
afterAll(() => wms.close());

const owner = (name: string): NamedEntity => ({ vo: 'lhcb', group: 'lhcb_user', ownerSubject: name, owner: name });

/** A claim's use, as a server writes it down and counts it. */
async function use(server: ReturnType<typeof wms.server>, name: string, used: number): Promise<void> {
  const uses = [{ entity: owner(name), used }];
  await wms.database.transaction((tx) => server.shares.write(tx, uses));
  server.shares.add(uses);
}

async function aServer(): Promise<ReturnType<typeof wms.server>> {
  const server = wms.server();
  await server.shares.refresh();
  return server;
}

describe('an attempt', () => {
  it('says from which task queue it came and whose turn it was', async () => {
    const jobs = await wms.submit({ cpu_work: 3_600 }, { count: 2 });
    const server = wms.server();
    for (let at = 0; at < 2; at += 1) await server.claim(await wms.pilot());
    const rows = await wms.database.query<Record<string, number>>(
      `SELECT a.turn_vo, a.turn_group, a.turn_owner, a.task_queue_id = j.task_queue_id AS same
       FROM attempts a JOIN jobs j USING (job_id) WHERE job_id IN (?) ORDER BY turn_owner`,
      [jobs],
    );
    expect(rows).toEqual([
      { turn_vo: 0, turn_group: 0, turn_owner: 0, same: 1 },
      { turn_vo: 3.6, turn_group: 3.6, turn_owner: 3_600, same: 1 },
    ]);
  });
});

describe('use of shares', () => {
  it('is summed up again while claims go on; only when it was not for a minute do they wait', async () => {
    let [seconds, waits] = [Date.now() / 1_000, Promise.resolve()];
    let release = (): void => undefined;
    const database = Object.assign(Object.create(wms.database) as typeof wms.database, {
      query: async (sql: string, parameters?: unknown[]) => {
        await waits;
        return wms.database.query(sql, parameters);
      },
    });
    const shares = new ShareUse(database, wms.configuration);
    Object.assign(shares, { clock: { now: () => seconds * 1_000 } });
    await shares.refresh();
    await use(await aServer(), 'elsewhere', 700);
    waits = new Promise((resolve) => (release = resolve));
    seconds += 20;
    await shares.refresh();
    expect(shares.turns()(owner('elsewhere')).owner).toBe(0);
    seconds += 60;
    const waited = shares.refresh();
    release();
    await waited;
    expect(shares.turns()(owner('elsewhere')).owner).toBeGreaterThan(699);
  });

  it('that an open transaction has written is not lost when older use is folded', async () => {
    const server = await aServer();
    await use(server, 'early', 500);
    await wms.database.execute("UPDATE share_use SET at = NOW(6) - INTERVAL 2 HOUR WHERE owner_subject = 'early'");
    await wms.database.transaction(async (tx) => {
      await server.shares.write(tx, [{ entity: owner('slow'), used: 1_000 }]);
      await tx.execute("UPDATE share_use SET at = NOW(6) - INTERVAL 2 HOUR WHERE owner_subject = 'slow'");
      await server.shares.fold();
    });
    await server.shares.fold();
    const rows = await wms.database.query<{ owner_subject: string; used: number }>(
      "SELECT owner_subject, used FROM share_use WHERE owner_subject IN ('slow', 'early') ORDER BY used",
    );
    expect(rows.map((row) => row.owner_subject)).toEqual(['early', 'slow']);
    for (const [at, full] of [500, 1_000].entries()) {
      expect(rows[at]?.used).toBeGreaterThan(full * 0.98);
      expect(rows[at]?.used).toBeLessThanOrEqual(full);
    }
  });

  it('of whoever returns is lifted to that of the others, in all servers, whether or not one dies', async () => {
    const first = await aServer();
    const before = first.shares.turns()(owner('steady')).owner;
    for (let at = 0; at < 20; at += 1) await use(first, 'steady', 100_000);
    const second = await aServer();
    expect(second.shares.turns()(owner('steady')).owner - before).toBeGreaterThan(1_990_000);
    await use(second, 'returning', 10);
    const third = await aServer();
    const { owner: turn } = third.shares.turns()(owner('returning'));
    const { owner: steady } = third.shares.turns()(owner('steady'));
    expect(turn).toBeGreaterThan(steady - 150_000);
    expect(turn).toBeLessThan(steady);
    const fourth = await aServer();
    expect(fourth.shares.turns()(owner('returning')).owner).toBeCloseTo(turn, -3);
    // A lift is no use of the group, which has served the same as before.
    const { group } = fourth.shares.turns()(owner('returning'));
    expect(group * 1_000).toBeLessThan(2_100_000 + before);
  });
});
