import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queuesOf } from '../../../src/configuration/index.js';
import { JobDescription, Refusal } from '../../../src/contract/index.js';
import { Log } from '../../../src/platform/index.js';
import { capabilityOf } from '../../../src/wms/task-queues/capability.js';
import { Demand, demandKey } from '../../../src/wms/task-queues/demand.js';
import { requirementsOf } from '../../../src/wms/task-queues/requirements.js';
import { QueueRounds } from '../../../src/wms/task-queues/queue-rounds.js';
import { TaskQueueIndex } from '../../../src/wms/task-queues/task-queue-index.js';
import { TaskQueues } from '../../../src/wms/task-queues/task-queues.js';
import { aConfiguration } from '../../support/configuration.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe, rroe } from '../../support/stages.js';

const entry = (input: Record<string, unknown> = {}, owner = jdoe) => ({
  requirements: requirementsOf(JobDescription.parse({ executable: '/bin/true', ...input })),
  vo: owner.vo,
  group: owner.group,
  ownerSubject: owner.subject,
  owner: owner.username,
});
const member = (name: string) => ({ vo: 'lhcb', group: 'lhcb_prod', subject: `lhcb:${name}`, username: name });

describe('task queues', () => {
  let wms: MatchingTest;
  beforeAll(async () => {
    wms = await startMatching();
  });
  afterAll(() => wms.close());
  const assign = (entries: ReturnType<typeof entry>[], queues = wms.taskQueues) =>
    wms.database.transaction((tx) => queues.assign(tx, entries));

  it('are one for equal requirements of one owner, whatever the words and the order', async () => {
    const ids = await assign([
      entry({ sites: ['A', 'b'], cpu_work: 50_000 }),
      entry({ sites: ['B', 'a'], cpu_work: 86_400 }),
      entry({ sites: ['a', 'B'] }, rroe),
      entry({ sites: ['a'] }),
    ]);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    expect(await assign([entry({ sites: ['b', 'A'] })])).toEqual([ids[0]]);
    const classes = await wms.database.query('SELECT DISTINCT class_id FROM task_queues WHERE task_queue_id IN (?)', [
      ids,
    ]);
    expect(classes).toHaveLength(2);
  });

  it('belong to the group where it shares its jobs, else to the owner', async () => {
    const [anna, bert] = await assign([entry({}, member('anna')), entry({}, member('bert'))]);
    expect(anna).toBe(bert);
    const [row] = await wms.database.query('SELECT * FROM task_queues WHERE task_queue_id = ?', [anna]);
    expect(row).toMatchObject({ owner_group: 'lhcb_prod', owner_subject: '', owner: '' });
  });

  it('are made once when many need them at the same time', async () => {
    const processes = Array.from({ length: 6 }, () => new TaskQueues(wms.configuration));
    const many = Array.from({ length: 20 }, (_, at) => entry({ tags: [`t${at}`] }));
    const found = await Promise.all(
      processes.map((queues, at) => assign(at % 2 === 0 ? many : many.toReversed(), queues)),
    );
    for (const [at, ids] of found.entries()) expect(at % 2 === 0 ? ids : ids.toReversed()).toEqual(found[0]);
  });

  it('that a rolled-back transaction made are not remembered', async () => {
    const lost: number[] = [];
    const failing = wms.database.transaction(async (tx) => {
      lost.push(...(await wms.taskQueues.assign(tx, [entry({ tags: ['lost'] })])));
      lost.push(...(await wms.taskQueues.assign(tx, [entry({ tags: ['lost'] })])));
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    const [again] = await assign([entry({ tags: ['lost'] })]);
    expect(await wms.database.query('SELECT 1 AS x FROM task_queues WHERE task_queue_id = ?', [again])).toHaveLength(1);
    expect(lost[0]).toBe(lost[1]);
  });

  it('enter the index when jobs arrive, and leave it when they are empty', async () => {
    const [jobId = 0] = await wms.submit({ tags: ['index'] });
    const server = wms.server();
    const heard = new Promise<number>((resolve) => {
      server.index.onWaiting((queues) => queues.forEach(({ headJob }) => headJob !== jobId && resolve(headJob)));
    });
    await server.index.rebuild();
    const [second] = await wms.submit({ tags: ['index', 'x'] });
    expect(await heard).toBe(second);
    const stamp = await wms.pilot();
    const got = await server.claim(stamp, { maxJobs: 8, offer: { tags: ['any'], processors: 8 } });
    expect(got).toHaveLength(2);
    expect(await server.claim(stamp, { maxJobs: 8, offer: { tags: ['any'], processors: 8 } })).toEqual([]);
  });

  it('are found without a notification, new ones among them, and given up when they are empty', async () => {
    const index = new TaskQueueIndex(wms.database, wms.wakeUps, new Log('test', 'error'));
    await wms.submit({ tags: ['round-0'] });
    await index.rebuild();
    const before = new Set([...index.queues.all()].map(({ id }) => id));
    const ids: number[] = [];
    for (const tag of ['round-1', 'round-2', 'round-3']) ids.push(...(await wms.submit({ tags: [tag] }, { count: 2 })));
    const queuesOf = async (): Promise<number[]> => {
      const rows = await wms.database.query<{ id: number }>(
        'SELECT DISTINCT waiting_in AS id FROM jobs WHERE job_id IN (?) AND waiting_in IS NOT NULL',
        [ids],
      );
      return rows.map(({ id }) => id).toSorted((a, b) => a - b);
    };
    const expected = await queuesOf();
    expect(expected).toHaveLength(3);
    expect(expected.filter((id) => before.has(id))).toEqual([]);
    const looked: number[][] = [];
    const all = (): number[] => [...index.queues.all()].map(({ id }) => id);
    const rounds = new QueueRounds(wms.database, all, async (slice) => {
      looked.push([...slice]);
      await index.refresh(slice, 0);
      rounds.stop();
    });
    await rounds.run((error) => {
      throw error;
    });
    expect(expected.filter((id) => index.queues.get(id) === undefined)).toEqual([]);
    expect(looked).toHaveLength(1);
    await wms.database.execute('UPDATE jobs SET waiting_in = NULL WHERE job_id IN (?)', [ids]);
    await index.refresh(expected, 0);
    expect(expected.filter((id) => index.queues.get(id) !== undefined)).toEqual([]);
  });

  it('have been looked at when a refresh ends, also one that others share while a look is under way', async () => {
    const index = new TaskQueueIndex(wms.database, wms.wakeUps, new Log('test', 'error'));
    const [jobId] = await wms.submit({ tags: ['shared-look'] });
    const [row] = await wms.database.query<{ waiting_in: number }>('SELECT waiting_in FROM jobs WHERE job_id = ?', [
      jobId,
    ]);
    const under = index.refresh([0]);
    const anyPlace = capabilityOf({ tags: ['any'] });
    if (anyPlace instanceof Refusal || row === undefined) throw new Error('This place is in order');
    const heads = await Promise.all(
      [1, 2].map(async () => {
        await index.refresh([row.waiting_in]);
        return index.candidates('lhcb', anyPlace).map(({ headJob }) => headJob);
      }),
    );
    expect(heads).toEqual([[jobId], [jobId]]);
    await under;
  });
});

describe('use of shares', () => {
  it('counts at once in the process that claims, soon in others, and folds without changing', async () => {
    const wms = await startMatching();
    try {
      await wms.submit({ cpu_work: 3_600 }, { count: 3 });
      const [first, second] = [wms.server(), wms.server()];
      const turn = (server: typeof first) =>
        server.shares.turns()({ vo: 'lhcb', group: 'lhcb_user', ownerSubject: jdoe.subject, owner: jdoe.username })
          .owner;
      await first.claim(await wms.pilot());
      await first.claim(await wms.pilot());
      expect(turn(first)).toBe(7_200);
      expect(turn(second)).toBe(0);
      await second.shares.refresh();
      expect(turn(second)).toBeCloseTo(7_200, 0);
      await wms.database.execute('UPDATE share_use SET at = NOW(6) - INTERVAL 7 DAY');
      await first.claim(await wms.pilot());
      expect(await first.shares.fold()).toBe(1);
      const fresh = wms.server();
      await fresh.shares.refresh();
      expect(turn(fresh)).toBeCloseTo(7_200 / 2 + 3_600, 0);
    } finally {
      await wms.close();
    }
  });
});

describe('demand', () => {
  it('is cores of waiting jobs by queue and VO, shared among the queues that fit, never more than what waits', async () => {
    const local = (queues: Record<string, unknown>) => ({
      sites: {
        'Demo.Local': { ces: { local: { driver: 'local', queues } } },
        Other: {
          ces: {
            ce: {
              driver: 'local',
              queues: { big: { vos: ['lhcb'], processors: 8, memory: 64_000, max_waiting_pilots: 10 } },
            },
          },
        },
      },
    });
    const overrides = local({ all: { vos: ['lhcb', 'biomed'], processors: 2, memory: 4_000, max_waiting_pilots: 10 } });
    const wms = await startMatching(overrides);
    try {
      const demand = new Demand(wms.database, wms.config);
      const queues = queuesOf(aConfiguration(overrides));
      const key = (site: string, ce: string, queue: string, vo = 'lhcb') => demandKey({ site, ce, queue, vo });
      const [small, big] = [key('Demo.Local', 'local', 'all'), key('Other', 'ce', 'big')];
      expect(Object.fromEntries(await demand.byQueue(queues))).toEqual({});
      await wms.submit({}, { count: 10 });
      await wms.submit({ min_processors: 4 }, { count: 3 });
      await wms.submit({ min_processors: 16 }, { count: 3 });
      expect(Object.fromEntries(await demand.byQueue(queues))).toEqual({ [small]: 2, [big]: 8 + 12 });
      await wms.submit({ tags: ['nowhere'] }, { count: 5 });
      expect(Object.fromEntries(await demand.byQueue(queues))).toEqual({ [small]: 2, [big]: 8 + 12 });
      await wms.pilot({ status: 'Submitted', processors: 2 });
      await wms.pilot({ status: 'Waiting', processors: 2 });
      const shared = await demand.byQueue(queues);
      expect(shared.get(small)).toBeGreaterThanOrEqual(4);
      expect((shared.get(small) ?? 0) + (shared.get(big) ?? 0)).toBe(22);
      expect(shared.get(key('Demo.Local', 'local', 'all', 'biomed'))).toBeUndefined();
      // What a banned site does not get goes to the others; a site that is probed gets tests only.
      const without = await demand.byQueue(queues, ({ site }) => (site === 'Other' ? 'closed' : 'open'));
      expect(Object.fromEntries(without)).toEqual({ [small]: 10 });
      await wms.submit({ job_type: 'Test' }, { count: 3 });
      const probing = await demand.byQueue(queues, ({ site }) => (site === 'Other' ? 'closed' : 'tests-only'));
      expect(Object.fromEntries(probing)).toEqual({ [small]: 3 });
    } finally {
      await wms.close();
    }
  });
});
