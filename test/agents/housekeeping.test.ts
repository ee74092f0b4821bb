import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Housekeeping } from '../../src/agents/housekeeping/housekeeping.agent.js';
import { deleteUnusedDescriptions } from '../../src/agents/housekeeping/old-jobs.js';
import { JobCounts, Pilots } from '../../src/wms/index.js';
import { aStamp, type AgentsTest, FakeCe, startAgentsTest } from './support.js';

describe('Housekeeping', () => {
  let test: AgentsTest;
  const ce = new FakeCe();
  const removedLogs: string[] = [];
  const run = () =>
    new Housekeeping({
      database: test.database,
      elements: { get: async () => ce },
      sandboxes: { clean: async () => 0 },
      pilotLogs: { remove: async (pilots) => void removedLogs.push(...pilots.map(({ stamp }) => stamp)) },
      shareUse: { fold: async () => 0 },
      jobCounts: new JobCounts(test.database),
    }).run(test.context());

  beforeAll(async () => {
    test = await startAgentsTest();
  });
  afterAll(() => test.close());

  const partitionsOf = async (table: string): Promise<string[]> =>
    (
      await test.database.query<{ name: string }>(
        `SELECT PARTITION_NAME AS name FROM information_schema.PARTITIONS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY PARTITION_ORDINAL_POSITION`,
        [table],
      )
    ).map(({ name }) => name);

  it('makes time partitions ahead of time, keeps the rows, and does nothing the second time', async () => {
    await test.database.execute(
      `INSERT INTO job_history (job_id, vo, attempt, status, minor_status, application_status, status_time, source)
       VALUES (1, 'lhcb', 0, 'Waiting', '', '', NOW(6), 'test')`,
    );
    expect((await run())['partitions']).toBe(9);
    expect(await partitionsOf('job_history')).toHaveLength(4);
    expect(await partitionsOf('repeated_requests')).toHaveLength(4);
    expect(await test.database.query('SELECT job_id FROM job_history')).toEqual([{ job_id: 1 }]);
    expect((await run())['partitions']).toBe(0);
  });

  it('drops partitions whose rows are all older than the retention', async () => {
    await test.database.execute(
      `ALTER TABLE repeated_requests REORGANIZE PARTITION ${(await partitionsOf('repeated_requests'))[0]} INTO
        (PARTITION p20200101 VALUES LESS THAN ('2020-01-02'),
         PARTITION today VALUES LESS THAN ('${new Date(Date.now() + 86_400_000).toISOString().slice(0, 10)}'))`,
    );
    await run();
    expect(await partitionsOf('repeated_requests')).not.toContain('p20200101');
  });

  it('deletes jobs that finished long ago with their rows and descriptions, and no others', async () => {
    await test.database.execute(
      `INSERT INTO job_descriptions (description_id, vo, document, created_at) VALUES
       (1, 'lhcb', '{}', NOW(6) - INTERVAL 40 DAY), (2, 'lhcb', '{}', NOW(6) - INTERVAL 40 DAY)`,
    );
    const job = (id: number, description: number, status: string, days: number): unknown[] => [
      id,
      'lhcb',
      'lhcb:a',
      'a',
      'lhcb_user',
      description,
      status,
      'n',
      'User',
      'g',
      1,
      days,
      days,
    ];
    for (const values of [
      job(1, 1, 'Done', 31),
      job(2, 2, 'Failed', 31),
      job(3, 2, 'Waiting', 31),
      job(4, 2, 'Done', 29),
    ]) {
      await test.database.execute(
        `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, status, job_name, job_type, job_group,
           user_priority, submission_time, last_update_time)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(6) - INTERVAL ? DAY, NOW(6) - INTERVAL ? DAY)`,
        values,
      );
    }
    await test.database.execute("INSERT INTO job_parameters (job_id, attempt, name, value) VALUES (1, 1, 'a', 'b')");
    expect(await run()).toMatchObject({ jobs: 2, descriptions: 1 });
    expect(await test.database.query('SELECT job_id FROM jobs ORDER BY job_id')).toEqual([
      { job_id: 3 },
      { job_id: 4 },
    ]);
    expect(await test.database.query('SELECT description_id FROM job_descriptions')).toEqual([{ description_id: 2 }]);
    expect(await test.database.query('SELECT job_id FROM job_parameters')).toEqual([]);
  });

  it('deletes unused descriptions without waiting for jobs that somebody is changing', async () => {
    await test.database.execute(
      "INSERT INTO job_descriptions (description_id, vo, document, created_at) VALUES (9, 'lhcb', '{}', NOW(6) - INTERVAL 40 DAY)",
    );
    const deleted = await test.database.transaction(async (tx) => {
      await tx.query('SELECT job_id FROM jobs WHERE job_id = 3 FOR UPDATE');
      const late = delay(5_000, 'it waits for the lock', { ref: false });
      return Promise.race([deleteUnusedDescriptions(test.database, 30), late]);
    });
    expect(deleted).toBe(1);
  });

  it('forgets pilots that ended long ago, at their CE and with their logs too', async () => {
    const pilots = new Pilots(test.database, { wake: () => undefined });
    const stamps = [aStamp(), aStamp()];
    await pilots.create(
      test.database,
      stamps.map((stamp) => ({
        stamp,
        vo: 'lhcb',
        site: 'Demo.Local',
        ce: 'local',
        queue: 'all',
        gridType: 'local',
        processors: 1,
        tags: [],
        platforms: [],
        secretHash: 'x',
        secretLifetime: 600,
      })),
    );
    await pilots.submitted(new Map(stamps.map((stamp) => [stamp, `ref-${stamp}`])));
    for (const stamp of stamps) {
      ce.runs.set(`ref-${stamp}`, { status: 'done' });
      await pilots.move(stamp, 'Done', 'test');
    }
    const [old, recent] = stamps;
    await test.database.execute('UPDATE pilots SET last_update_time = NOW(6) - INTERVAL 31 DAY WHERE stamp = ?', [old]);
    expect(await run()).toMatchObject({ pilots: 1 });
    expect(await test.database.query('SELECT stamp FROM pilots')).toEqual([{ stamp: recent }]);
    expect(removedLogs).toEqual([old]);
    expect([...ce.runs.keys()]).toEqual([`ref-${recent}`]);
  });

  it('asks no CE about a pilot that something else started, whatever reference it was registered with', async () => {
    ce.runs.set('run-of-another-vo', { status: 'done' });
    await test.database.execute(
      `INSERT INTO pilots (stamp, vo, site, ce, reference, status, last_update_time)
       VALUES ('foreign', 'lhcb', 'Demo.Local', 'local', 'run-of-another-vo', 'Done', NOW(6) - INTERVAL 31 DAY)`,
    );
    expect(await run()).toMatchObject({ pilots: 1 });
    expect([...ce.runs.keys()]).toContain('run-of-another-vo');
  });
});
