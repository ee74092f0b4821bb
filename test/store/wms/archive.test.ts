import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import type { StorageElement } from '../../../src/storage/index.js';
import { JobArchive } from '../../../src/wms/index.js';
import { Death, Killed } from '../../support/failing.js';
import { holdJob } from '../../support/held-job.js';
import { jdoe, type Stages, startStages } from '../../support/stages.js';

let stages: Stages;
const due = { vo: 'lhcb', before: '9999-01-01' };
const run = (more: { se?: string | null; jobsPerArchive?: number } = {}) => ({
  signal: AbortSignal.timeout(120_000),
  se: 'SandboxSE',
  ...more,
});

beforeAll(async () => {
  stages = await startStages();
});
afterAll(() => stages.close());
beforeEach(async () => {
  for (const table of ['jobs', 'leases', 'archives', 'archived_jobs']) {
    await stages.database.execute(`DELETE FROM ${table}`);
  }
});

const archiveOn = (element: StorageElement, database = stages.database) =>
  new JobArchive(database, { get: () => element });
const archive = () => archiveOn(stages.sandboxElement);

/** Jobs with one attempt each that have ended, and a parameter. */
async function doneJobs(count: number): Promise<number[]> {
  const text = 'an odd line end:\u2028and "quotes"';
  const jobs = await stages.submission.submitJsons(
    jdoe,
    Array.from({ length: count }, () => ({ executable: 'x' })),
  );
  const ids = jobs.map(({ JobID }) => JobID);
  for (const jobId of ids) {
    const attempt = await holdJob(stages, jobId);
    await stages.database.execute('INSERT INTO job_parameters VALUES (?, ?, ?, ?)', [jobId, attempt, 'Note', text]);
    for (const to of ['Running', 'Done'] as const) {
      const ends = to === 'Done' ? { endsAttempt: { outcome: 'done' as const } } : {};
      await stages.jobs.change((tx, effects) =>
        stages.jobs.move(tx, effects, [{ jobId, to, minor: to, attempt, source: 'test', ...ends }]),
      );
    }
  }
  return ids;
}

async function present(ids: readonly number[]): Promise<number[]> {
  const rows = await stages.database.query<{ job_id: number }>('SELECT job_id FROM jobs WHERE job_id IN (?)', [ids]);
  return rows.map(({ job_id }) => job_id);
}

async function objects(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of stages.sandboxElement.list('archive/', 10_000)) keys.push(key);
  return keys;
}

describe('the archive of finished jobs', () => {
  it('keeps everything about a job before its rows go, and gives it back', async () => {
    const ids = await doneJobs(3);
    const [first = 0] = ids;
    const [before] = await stages.database.query('SELECT * FROM jobs WHERE job_id = ?', [first]);
    expect(await archive().run(due, run())).toEqual({ jobs: 3, descriptions: 1, unclear: 0 });
    expect(await present(ids)).toEqual([]);
    const found = await archive().archiveOf(first);
    if (found === undefined) throw new Error('the job is nowhere');
    expect(found).toMatchObject({ state: 'done', jobs: 3, released: 0, se: 'SandboxSE', vo: 'lhcb' });
    const { job, description } = await archive().read(found, first);
    expect(job.job).toEqual(before);
    expect(JSON.parse(description.document ?? '')).toMatchObject({ executable: 'x' });
    expect(job.history.map((row) => row['status'])).toEqual(['Received', 'Waiting', 'Matched', 'Running', 'Done']);
    expect(job.attempts).toMatchObject([{ attempt: 1, outcome: 'done', site: 'Demo.Local' }]);
    expect(job.parameters).toMatchObject([{ name: 'Note', value: 'an odd line end:\u2028and "quotes"' }]);
    expect(job.pilots).toMatchObject([{ stamp: 'a'.repeat(32) }]);
    expect(await archive().check(found)).toBeNull();
  });

  it('is JSON lines in gzip, each description once and before its jobs', async () => {
    await doneJobs(2);
    await doneJobs(2);
    await archive().run(due, run());
    const [key = ''] = (await objects()).toReversed();
    const lines = gunzipSync(await stages.sandboxElement.get(key))
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual([
      'archive',
      'description',
      'job',
      'job',
      'description',
      'job',
      'job',
    ]);
  });

  it('takes no job that is not final, is too young, belongs to another VO, or may still be executing', async () => {
    const [young = 0, waiting = 0, held = 0, done = 0] = await doneJobs(4);
    await stages.database.execute("UPDATE jobs SET status = 'Waiting' WHERE job_id = ?", [waiting]);
    await stages.database.execute(
      `INSERT INTO leases (job_id, attempt, claimed_at, vo, pilot_stamp, expires_at) VALUES (?, 1, NOW(6), 'lhcb', 'x', NOW(6))`,
      [held],
    );
    await stages.database.execute("UPDATE jobs SET last_update_time = '2020-01-01' WHERE job_id <> ?", [young]);
    for (const se of ['SandboxSE', null]) {
      expect(await archive().run({ vo: 'biomed', before: '9999-01-01' }, run({ se }))).toMatchObject({ jobs: 0 });
    }
    expect(await archive().run({ vo: 'lhcb', before: '2021-01-01' }, run())).toMatchObject({
      jobs: 1,
      descriptions: 0,
    });
    expect(await present([young, waiting, held, done])).toEqual([young, waiting, held]);
  });

  it('works in chunks, and deletes without an archive where none is wanted', async () => {
    const ids = await doneJobs(5);
    await archive().run(due, run({ jobsPerArchive: 2 }));
    const rows = await stages.database.query('SELECT jobs, state FROM archives ORDER BY archive_id');
    expect(rows).toEqual([2, 2, 1].map((jobs) => ({ jobs, state: 'done' })));
    const more = await doneJobs(2);
    expect(await archive().run(due, run({ se: null }))).toEqual({ jobs: 2, descriptions: 1, unclear: 0 });
    expect(await present([...ids, ...more])).toEqual([]);
    expect(await archive().archiveOf(more[0] ?? 0)).toBeUndefined();
  });

  it('keeps a job that somebody changed after it was written, and takes it again later', async () => {
    const ids = await doneJobs(2);
    const [changed = 0] = ids;
    const late: StorageElement = new Proxy(stages.sandboxElement, {
      get: (target, name) =>
        name === 'put'
          ? async (...args: Parameters<StorageElement['put']>) => {
              await target.put(...args);
              await stages.database.execute("UPDATE job_parameters SET value = 'late' WHERE job_id = ?", [changed]);
            }
          : (Reflect.get(target, name) as unknown),
    });
    const once = { ...run(), jobsPerArchive: 2 };
    const stopAfterFirst = new AbortController();
    await expect(
      archiveOn(late).run(due, {
        ...once,
        signal: stopAfterFirst.signal,
        onProgress: ({ step }) => step === 'deleted' && stopAfterFirst.abort(),
      }),
    ).rejects.toThrow(/abort/);
    expect(await present(ids)).toEqual([changed]);
    expect(await archive().archiveOf(changed)).toBeUndefined();
    const [first] = await stages.database.query('SELECT jobs, released, state FROM archives');
    expect(first).toEqual({ jobs: 2, released: 1, state: 'done' });
    await archive().run(due, run());
    const found = await archive().archiveOf(changed);
    if (found === undefined) throw new Error('the job is nowhere');
    expect((await archive().read(found, changed)).job.parameters).toMatchObject([{ value: 'late' }]);
  });

  it('deletes nothing when the storage element fails, or gives back something else than it was given', async () => {
    const ids = await doneJobs(2);
    const broken = (name: 'put' | 'stream', instead: () => unknown): StorageElement =>
      new Proxy(stages.sandboxElement, {
        get: (target, key) => (key === name ? instead : (Reflect.get(target, key) as unknown)),
      });
    await expect(archiveOn(broken('put', () => Promise.reject(new Error('full')))).run(due, run())).rejects.toThrow(
      'full',
    );
    const lies = broken('put', () => stages.sandboxElement.put(`archive/other`, Buffer.from('x')));
    await expect(archiveOn(lies).run(due, run())).rejects.toMatchObject({ kind: 'not-found' });
    const cut = broken('put', async () => {
      const [row] = await stages.database.query<{ object_key: string }>('SELECT object_key FROM archives');
      await stages.sandboxElement.put(row?.object_key ?? '', Buffer.from('not a gzip'));
    });
    await expect(archiveOn(cut).run(due, run())).rejects.toThrow('incorrect header check');
    expect(await present(ids)).toEqual(ids);
    expect(await archive().archiveOf(ids[0] ?? 0)).toBeUndefined();
    await archive().run(due, run());
    expect(await present(ids)).toEqual([]);
  });

  it('is not replaced by a run that lost its lock and finds the jobs gone', async () => {
    const ids = await doneJobs(2);
    const full: StorageElement = new Proxy(stages.sandboxElement, {
      get: (target, name) =>
        name === 'put' ? () => Promise.reject(new Error('full')) : (Reflect.get(target, name) as unknown),
    });
    await expect(archiveOn(full).run(due, run())).rejects.toThrow('full');
    let overtaken = false;
    const query = async (sql: string, values?: unknown[]): Promise<unknown[]> => {
      if (!overtaken && sql.includes('FROM archived_jobs a JOIN jobs')) {
        overtaken = true;
        await archive().run(due, run());
      }
      return stages.database.query(sql, values);
    };
    const slow = new Proxy(stages.database, {
      get: (target, name) => (name === 'query' ? query : (Reflect.get(target, name) as unknown)),
    });
    await expect(archiveOn(stages.sandboxElement, slow).run(due, run())).rejects.toThrow('Somebody else has finished');
    expect(await present(ids)).toEqual([]);
    const found = await archive().archiveOf(ids[0] ?? 0);
    if (found === undefined) throw new Error('the job is nowhere');
    expect(await archive().check(found)).toBeNull();
    expect((await archive().read(found, ids[1] ?? 0)).job.job.job_id).toBe(ids[1]);
  });

  it.each(['before', 'after'] as const)(
    'loses nothing and archives nothing twice when it is killed %s any of its steps',
    async (moment) => {
      const keysBefore = (await objects()).length;
      let archives = 0;
      for (let at = 1; ; at += 1) {
        const ids = await doneJobs(3);
        const death = new Death(at, moment);
        const doomed = archiveOn(death.element(stages.sandboxElement), death.database(stages.database));
        const outcome = await doomed.run(due, run({ jobsPerArchive: 2 })).catch((error: unknown) => error);
        if (death.dead) expect(outcome).toBeInstanceOf(Killed);
        const left = await present(ids);
        for (const id of ids.filter((one) => !left.includes(one))) {
          const found = await archive().archiveOf(id);
          if (found === undefined) throw new Error(`job ${id} was lost at step ${at}`);
          expect((await archive().read(found, id)).job.job.job_id).toBe(id);
        }
        await archive().run(due, run({ jobsPerArchive: 2 }));
        expect(await present(ids)).toEqual([]);
        const rows = await stages.database.query<{ state: string; jobs: number; object_key: string }>(
          'SELECT state, jobs, object_key FROM archives',
        );
        archives += rows.length;
        expect(rows.map(({ state }) => state)).toEqual(['done', 'done']);
        expect(rows.reduce((sum, { jobs }) => sum + jobs, 0)).toBe(3);
        await stages.database.execute('DELETE FROM archives');
        await stages.database.execute('DELETE FROM archived_jobs');
        if (!death.dead) break;
      }
      expect((await objects()).length - keysBefore).toBe(archives);
    },
    240_000,
  );
});
