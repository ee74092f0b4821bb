import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserPrincipal } from '../../../src/auth/index.js';
import type { StatusUpdate } from '../../../src/contract/index.js';
import type { Database, Transaction } from '../../../src/platform/index.js';
import { ForeignHeartbeats } from '../../../src/wms/jobs/foreign-heartbeats.js';
import { Jobs } from '../../../src/wms/jobs/jobs.js';
import { Metadata } from '../../../src/wms/jobs/metadata.js';
import { Rescheduling } from '../../../src/wms/jobs/rescheduling.js';
import { StatusUpdates } from '../../../src/wms/jobs/status-updates.js';
import { Termination } from '../../../src/wms/jobs/termination.js';
import { jdoe, rroe, type Stages, startStages } from '../../support/stages.js';

const owner: UserPrincipal = { kind: 'user', properties: ['NormalUser'], ...jdoe };
const administrator: UserPrincipal = { ...owner, subject: 'lhcb:root', properties: ['JobAdministrator'] };
const most = 2_500;

/** A database that counts what is asked of it, and can go away before a transaction. */
class WatchedDatabase {
  transactions = 0;
  statements = 0;
  /** Transactions that still succeed. */
  lasts = Infinity;

  constructor(private readonly database: Database) {}

  transaction<T>(body: (tx: Transaction) => Promise<T>): Promise<T> {
    this.transactions += 1;
    if (this.transactions > this.lasts) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    return this.database.transaction((tx) =>
      body({
        query: (sql, values) => this.count(() => tx.query(sql, values)),
        execute: (sql, values) => this.count(() => tx.execute(sql, values)),
      }),
    );
  }

  private count<T>(run: () => Promise<T>): Promise<T> {
    this.statements += 1;
    return run();
  }
}

let stages: Stages;
beforeAll(async () => {
  stages = await startStages({ vos: { lhcb: { jobs: { max_jobs_per_call: most } } } });
});
afterAll(() => stages.close());

function routes() {
  const database = new WatchedDatabase(stages.database);
  const jobs = new Jobs(database as unknown as Database, stages.wakeUps);
  return {
    database,
    updates: new StatusUpdates(stages.admission, jobs),
    termination: new Termination(stages.admission, jobs, stages.configuration),
    rescheduling: new Rescheduling(stages.admission, jobs, stages.configuration),
    metadata: new Metadata(stages.admission, jobs),
    heartbeats: new ForeignHeartbeats(stages.admission, jobs),
  };
}

async function someJobs(count: number, submitter = jdoe): Promise<number[]> {
  const descriptions = Array.from({ length: count }, () => ({ executable: 'x' }));
  return (await stages.submission.submitJsons(submitter, descriptions)).map(({ JobID }) => JobID);
}

const now = (): string => new Date().toISOString();
function updateOf(given: Partial<StatusUpdate>): Record<string, StatusUpdate> {
  return { [now()]: { Source: 'test', ...given } };
}

function rowsOf(ids: readonly number[]): Promise<{ job_id: number; status: string; application_status: string }[]> {
  return stages.database.query(
    'SELECT job_id, status, application_status FROM jobs WHERE job_id IN (?) ORDER BY job_id',
    [ids],
  );
}

async function withTrigger<T>(when: string, action: string, body: () => Promise<T>): Promise<T> {
  await stages.database.execute(
    `CREATE TRIGGER misfortune BEFORE INSERT ON job_history FOR EACH ROW BEGIN IF ${when} THEN ${action}; END IF; END`,
  );
  try {
    return await body();
  } finally {
    await stages.database.execute('DROP TRIGGER misfortune');
  }
}

describe('calls of a bulk route that come together', () => {
  it('share transactions; each gets its own reply', async () => {
    const { database, updates } = routes();
    const ids = await someJobs(30);
    const [foreign = 0] = await someJobs(1, rroe);
    const calls = ids.map((id, index) =>
      updates.apply(owner, { [id]: updateOf({ ApplicationStatus: `step ${index}` }) }, false),
    );
    const refused = updates.apply(owner, { [foreign]: updateOf({ ApplicationStatus: 'mine?' }) }, false);
    const mixed = updates.apply(
      administrator,
      { [foreign]: updateOf({ ApplicationStatus: 'seen' }), 999999: updateOf({}) },
      false,
    );
    await expect(refused).rejects.toMatchObject({ code: 'forbidden' });
    expect(await mixed).toMatchObject({
      success: { [foreign]: { ApplicationStatus: 'seen' } },
      failed: { 999999: { detail: 'Not found' } },
    });
    const replies = await Promise.all(calls);
    expect(replies.map(({ success }) => Object.keys(success))).toEqual(ids.map((id) => [String(id)]));
    expect((await rowsOf(ids)).map(({ application_status }) => application_status)).toEqual(
      ids.map((_, index) => `step ${index}`),
    );
    expect(database.transactions).toBeLessThan(ids.length);
  });

  it('apply to one job in the order of their arrival', async () => {
    const { updates } = routes();
    const [id = 0] = await someJobs(1);
    const steps = ['one', 'two', 'three'];
    await Promise.all(
      steps.map((ApplicationStatus) => updates.apply(owner, { [id]: updateOf({ ApplicationStatus }) }, false)),
    );
    const lines = await stages.database.query<{ application_status: string }>(
      "SELECT application_status FROM job_history WHERE job_id = ? AND source = 'test' ORDER BY entry_id",
      [id],
    );
    expect(lines.map(({ application_status }) => application_status)).toEqual(steps);
    expect(await rowsOf([id])).toMatchObject([{ application_status: 'three' }]);
  });

  it('do not fail with the one among them that the database refuses', async () => {
    const { updates } = routes();
    const ids = await someJobs(21);
    const poisoned = ids[13] ?? 0;
    const settled = await withTrigger("NEW.source = 'poison'", "SIGNAL SQLSTATE '45000'", () =>
      Promise.allSettled(
        ids.map((id) => {
          const Source = id === poisoned ? 'poison' : 'test';
          return updates.apply(owner, { [id]: updateOf({ ApplicationStatus: 'done', Source }) }, false);
        }),
      ),
    );
    expect(settled.flatMap(({ status }, index) => (status === 'rejected' ? [ids[index]] : []))).toEqual([poisoned]);
    for (const { job_id, application_status } of await rowsOf(ids)) {
      expect(application_status).toBe(job_id === poisoned ? 'Unknown' : 'done');
    }
  });

  it('are tried again after a deadlock', async () => {
    const { updates } = routes();
    const ids = await someJobs(5);
    // A table without transactions remembers the tries, which are rolled back.
    await stages.database.execute('CREATE TABLE tries (id INT PRIMARY KEY AUTO_INCREMENT) ENGINE = MyISAM');
    const deadlock = `INSERT INTO tries VALUES (NULL);
      IF LAST_INSERT_ID() <= 2 THEN SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF`;
    await withTrigger("NEW.source = 'unlucky'", deadlock, () =>
      Promise.all(
        ids.map((id) =>
          updates.apply(owner, { [id]: updateOf({ ApplicationStatus: 'through', Source: 'unlucky' }) }, false),
        ),
      ),
    );
    const [tries] = await stages.database.query<{ count: number }>('SELECT COUNT(*) AS count FROM tries');
    expect(tries?.count).toBeGreaterThan(ids.length);
    for (const { application_status } of await rowsOf(ids)) expect(application_status).toBe('through');
  });
});

describe('a call about thousands of jobs', () => {
  it('needs few statements, however many jobs it names', async () => {
    const ids = await someJobs(1_200);
    const { database, termination, rescheduling, metadata, heartbeats, updates } = routes();
    const cost = async (run: () => Promise<unknown>): Promise<number> => {
      database.statements = 0;
      await run();
      return database.statements;
    };
    const body = <T>(value: (id: number) => T) => Object.fromEntries(ids.map((id) => [id, value(id)]));
    const entries = body((id) => ({ '2026-01-01T00:00:00Z': { Source: 'x' }, ...updateOf({ MinorStatus: `m${id}` }) }));
    const costs = {
      status: await cost(() => updates.apply(owner, entries, false)),
      heartbeat: await cost(() =>
        heartbeats.record(
          administrator,
          body((id) => ({ LoadAverage: id, Vsize: 1 })),
        ),
      ),
      metadata: await cost(() =>
        metadata.set(
          owner,
          body((id) => ({ MinorStatus: `n${id}`, JobName: `j${id}`, P: id })),
        ),
      ),
      kill: await cost(() => termination.kill(owner, ids)),
      reschedule: await cost(() => rescheduling.reschedule(owner, ids, false)),
      delete: await cost(() => termination.delete(owner, ids)),
    };
    for (const [route, statements] of Object.entries(costs)) {
      expect({ route, isConstant: statements < 60 }).toEqual({ route, isConstant: true });
    }
    expect(new Set((await rowsOf(ids)).map(({ status }) => status))).toEqual(new Set(['Deleted']));
  });

  it('changes nothing when one of them is not for the caller, wherever it stands', async () => {
    const ids = await someJobs(1_500);
    const [foreign = 0] = await someJobs(1, rroe);
    const { database, updates, rescheduling, metadata } = routes();
    const named = [...ids, foreign];
    const body = <T>(value: T) => Object.fromEntries(named.map((id) => [id, value]));
    const refusal = { code: 'forbidden' };
    await expect(updates.apply(owner, body(updateOf({ Status: 'Killed' })), false)).rejects.toMatchObject(refusal);
    await expect(rescheduling.reschedule(owner, named, false)).rejects.toMatchObject(refusal);
    await expect(metadata.set(owner, body({ JobName: 'x' }))).rejects.toMatchObject(refusal);
    expect(database.transactions).toBe(0);
  });

  it('tells what was done when the database goes away between two parts', async () => {
    const ids = await someJobs(2_100);
    const { database, termination, updates } = routes();
    database.lasts = 1;
    const { success, failed } = await termination.kill(owner, [...ids, ...ids]);
    expect(Object.keys(success)).toEqual(ids.slice(0, 1_000).map(String));
    expect(Object.keys(failed)).toEqual(ids.slice(1_000).map(String));
    expect(failed[ids.at(-1) ?? 0]?.detail).toContain('try again');
    const killed = (await rowsOf(ids)).filter(({ status }) => status === 'Killed');
    expect(killed).toHaveLength(1_000);
    database.lasts = Infinity;
    expect(Object.keys((await termination.kill(owner, ids)).success)).toHaveLength(2_100);
    database.lasts = 0;
    const body = Object.fromEntries(ids.map((id) => [id, updateOf({})]));
    await expect(updates.apply(administrator, body, false)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('has a limit, which counts the entries of a status update', async () => {
    const { updates, termination, rescheduling, metadata, heartbeats } = routes();
    const named = Array.from({ length: most + 1 }, (_, index) => index + 1);
    const body = <T>(value: T) => Object.fromEntries(named.map((id) => [id, value]));
    const entries = Object.fromEntries(named.map((second) => [String(second), { Source: 'x' }]));
    const refusal = { code: 'too-many-jobs' };
    await expect(termination.kill(owner, named)).rejects.toMatchObject(refusal);
    await expect(rescheduling.reschedule(owner, named, false)).rejects.toMatchObject(refusal);
    await expect(metadata.set(owner, body({}))).rejects.toMatchObject(refusal);
    await expect(heartbeats.record(owner, body({}))).rejects.toMatchObject(refusal);
    await expect(updates.apply(owner, { 1: entries }, false)).rejects.toMatchObject(refusal);
  });

  it('takes 7 and 07 for one job', async () => {
    const [id = 0] = await someJobs(1);
    const { updates } = routes();
    const body = { [id]: updateOf({ MinorStatus: 'a' }), [`0${id}`]: updateOf({ ApplicationStatus: 'b' }) };
    const { success } = await updates.apply(owner, body, false);
    expect(success).toMatchObject({ [id]: { MinorStatus: 'a', ApplicationStatus: 'b' } });
  });
});
