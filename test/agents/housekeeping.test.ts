import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Housekeeping } from '../../src/agents/housekeeping/housekeeping.agent.js';
import { deleteUnusedDescriptions } from '../../src/agents/housekeeping/old-jobs.js';
import { Refusal } from '../../src/contract/index.js';
import { openStorageElement, type StorageElement } from '../../src/storage/index.js';
import { JobCounts, Pilots } from '../../src/wms/index.js';
import { aStamp, type AgentsTest, FakeCe, startAgentsTest } from './support.js';

describe('Housekeeping', () => {
  let test: AgentsTest;
  const ce = new FakeCe();
  const removedLogs: string[] = [];
  let root: string;
  let archiveElement: StorageElement;
  /** Whether storage elements are closed for `remove`. */
  let closed: Refusal | null = null;
  const housekeeping = () =>
    new Housekeeping({
      database: test.database,
      elements: { get: async () => ce },
      storage: { get: () => archiveElement },
      pilotLogs: { remove: async (pilots) => void removedLogs.push(...pilots.map(({ stamp }) => stamp)) },
      shareUse: { fold: async () => 0 },
      jobCounts: new JobCounts(test.database),
      gate: { refusal: () => closed },
    });
  const run = () => housekeeping().run(test.context());

  beforeAll(async () => {
    test = await startAgentsTest({ vos: { biomed: { retention: { pilot_logs_days: 5, archive_jobs: false } } } });
    root = await mkdtemp(join(tmpdir(), 'pilotage-housekeeping-'));
    const context = { signingKey: randomBytes(32), publicUrl: 'http://127.0.0.1:1' };
    archiveElement = openStorageElement('LogSE', { driver: 'file', root }, context);
  });
  afterAll(async () => {
    await test.close();
    await rm(root, { recursive: true, force: true });
  });

  const partitionsOf = async (table: string): Promise<string[]> =>
    (
      await test.database.query<{ name: string }>(
        `SELECT PARTITION_NAME AS name FROM information_schema.PARTITIONS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? ORDER BY PARTITION_ORDINAL_POSITION`,
        [table],
      )
    ).map(({ name }) => name);

  const aJob = (id: number, given: { status: string; days: number; description?: number; vo?: string }) =>
    test.database.execute(
      `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, status, job_name, job_type, job_group,
         user_priority, submission_time, last_update_time)
       VALUES (?, ?, 'lhcb:a', 'a', 'lhcb_user', ?, ?, 'n', 'User', 'g', 1, NOW(6) - INTERVAL ? DAY, NOW(6) - INTERVAL ? DAY)`,
      [id, given.vo ?? 'lhcb', given.description ?? 1, given.status, given.days, given.days],
    );

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

  it('sorts what came while it did not run for months, and drops what is old, but no partition of a live job', async () => {
    const { database } = test;
    for (const partition of (await partitionsOf('job_history')).filter((name) => name !== 'future')) {
      await database.execute(`ALTER TABLE job_history DROP PARTITION ${partition}`);
    }
    const monthStart = (back: number): string => {
      const now = new Date();
      return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 10);
    };
    await database.execute(
      `ALTER TABLE job_history REORGANIZE PARTITION future INTO (
         PARTITION ancient VALUES LESS THAN ('${monthStart(9)}'), PARTITION old VALUES LESS THAN ('${monthStart(8)}'),
         PARTITION young VALUES LESS THAN ('${monthStart(2)}'), PARTITION future VALUES LESS THAN (MAXVALUE))`,
    );
    // Jobs 51 and 52 are gone; job 53 is still there.
    const entries = { 51: monthStart(10), 52: monthStart(2), 53: monthStart(9), 54: monthStart(1), 55: monthStart(0) };
    for (const [jobId, at] of Object.entries(entries)) {
      await database.execute(
        `INSERT INTO job_history (recorded_at, job_id, vo, attempt, status, minor_status, application_status, status_time, source)
         VALUES (?, ?, 'lhcb', 0, 'Waiting', '', '', NOW(6), 'test')`,
        [at, jobId],
      );
    }
    await aJob(53, { status: 'Waiting', days: 0 });
    const inFuture = 'SELECT job_id FROM job_history PARTITION (future)';
    expect(await database.query(inFuture)).toHaveLength(3);
    await run();
    expect(await database.query(inFuture)).toEqual([]);
    const left = await partitionsOf('job_history');
    expect(left.slice(0, 2)).toEqual(['old', 'young']);
    expect(left).toHaveLength(2 + 5 + 1);
    const rows = await database.query<{ job_id: number }>('SELECT job_id FROM job_history WHERE job_id > 50');
    expect(rows.map(({ job_id }) => job_id).toSorted()).toEqual([52, 53, 54, 55]);
    const second = left[2] ?? '';
    expect(await database.query(`SELECT job_id FROM job_history PARTITION (${second})`)).toEqual([{ job_id: 52 }]);
    await database.execute('DELETE FROM jobs WHERE job_id = 53');
    await run();
    expect(await partitionsOf('job_history')).not.toContain('old');
  });

  it('deletes jobs that finished long ago with their rows and descriptions, and no others', async () => {
    await test.database.execute(
      `INSERT INTO job_descriptions (description_id, vo, document, created_at) VALUES
       (1, 'lhcb', '{}', NOW(6) - INTERVAL 40 DAY), (2, 'lhcb', '{}', NOW(6) - INTERVAL 40 DAY)`,
    );
    await aJob(1, { description: 1, status: 'Done', days: 31 });
    await aJob(2, { description: 2, status: 'Failed', days: 31 });
    await aJob(3, { description: 2, status: 'Waiting', days: 31 });
    await aJob(4, { description: 2, status: 'Done', days: 29 });
    await test.database.execute("INSERT INTO job_parameters (job_id, attempt, name, value) VALUES (1, 1, 'a', 'b')");
    expect(await run()).toMatchObject({ jobs: 2, descriptions: 1 });
    expect(await test.database.query('SELECT job_id FROM jobs ORDER BY job_id')).toEqual([
      { job_id: 3 },
      { job_id: 4 },
    ]);
    expect(await test.database.query('SELECT description_id FROM job_descriptions')).toEqual([{ description_id: 2 }]);
    expect(await test.database.query('SELECT job_id FROM job_parameters')).toEqual([]);
    expect(await test.database.query("SELECT jobs, state FROM archives WHERE vo = 'lhcb'")).toEqual([
      { jobs: 2, state: 'done' },
    ]);
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

  it('keeps the rules of each VO: logs of pilots may go earlier, jobs without an archive', async () => {
    const { database } = test;
    const pilot = (stamp: string, vo: string) =>
      database.execute(
        `INSERT INTO pilots (stamp, vo, site, ce, status, last_update_time, log_state, log_bytes)
         VALUES (?, ?, 'Demo.Local', 'local', 'Done', NOW(6) - INTERVAL 10 DAY, 'sealed', 9)`,
        [stamp, vo],
      );
    await pilot('log-of-biomed', 'biomed');
    await pilot('log-of-lhcb', 'lhcb');
    closed = new Refusal('storage-closed');
    expect(await run()).toMatchObject({ pilotLogs: 0, pilots: 0 });
    closed = null;
    await aJob(70, { status: 'Done', days: 40, vo: 'biomed', description: 70 });
    expect(await run()).toMatchObject({ pilotLogs: 1, pilots: 0, jobs: 1 });
    expect(
      await database.query("SELECT stamp, log_state FROM pilots WHERE stamp LIKE 'log-of%' ORDER BY stamp"),
    ).toEqual([
      { stamp: 'log-of-biomed', log_state: 'none' },
      { stamp: 'log-of-lhcb', log_state: 'sealed' },
    ]);
    expect(removedLogs).toContain('log-of-biomed');
    expect(await database.query("SELECT jobs FROM archives WHERE vo = 'biomed'")).toEqual([]);
  });

  it('deletes old entries of the audit, and old changes of the status of resources', async () => {
    await test.database.execute(
      `INSERT INTO resource_status_history (kind, name, vo, access, status, reason, author, set_at) VALUES
       ('site', 'old', '', '', 'Banned', 'r', 'a', NOW(6) - INTERVAL 731 DAY),
       ('site', 'young', '', '', 'Banned', 'r', 'a', NOW(6) - INTERVAL 729 DAY)`,
    );
    await test.database.execute(
      `INSERT INTO audit (at, vo, actor, action, subject, detail) VALUES
       (NOW(6) - INTERVAL 731 DAY, '', 'a', 'key.rotate', 'old', '{}'),
       (NOW(6) - INTERVAL 729 DAY, '', 'a', 'key.rotate', 'young', '{}')`,
    );
    expect(await run()).toMatchObject({ audit: 1 });
    expect(await test.database.query("SELECT subject FROM audit WHERE action = 'key.rotate'")).toEqual([
      { subject: 'young' },
    ]);
    expect(await test.database.query('SELECT name FROM resource_status_history')).toEqual([{ name: 'young' }]);
  });

  it('goes on with the other steps when one fails, and says so at the end', async () => {
    await aJob(80, { status: 'Done', days: 40, description: 80 });
    const before = archiveElement;
    archiveElement = new Proxy(before, {
      get: (target, name) =>
        name === 'put' ? () => Promise.reject(new Error('the store is full')) : (Reflect.get(target, name) as unknown),
    });
    await expect(run()).rejects.toThrow('jobs: the store is full');
    archiveElement = before;
    expect(await test.database.query('SELECT job_id FROM jobs WHERE job_id = 80')).toHaveLength(1);
    expect(await run()).toMatchObject({ jobs: 1 });
  });
});
