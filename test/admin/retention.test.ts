import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { admin, inEnvironmentOf } from '../support/admin.js';
import { applyConfiguration } from '../support/configuration.js';
import { testConfig } from '../support/config.js';
import { freshDatabase } from '../support/database.js';

const folder = mkdtempSync(join(tmpdir(), 'pilotage-retention-'));
let store: Awaited<ReturnType<typeof freshDatabase>>;
let leave: () => void;

beforeAll(async () => {
  store = await freshDatabase();
  await applyConfiguration(store.database, {
    storage: { elements: { LogSE: { driver: 'file', root: join(folder, 'logs') } } },
    vos: { biomed: { retention: { finished_jobs_days: 7 } } },
  });
  leave = inEnvironmentOf(testConfig({ databaseUrl: store.url, dataDir: folder }));
  await store.database.execute(
    `INSERT INTO job_descriptions (description_id, vo, document, first_job, last_job) VALUES (1, 'lhcb', '{"executable":"x"}', 1, 3)`,
  );
  for (const [id, vo, owner, days] of [
    [1, 'lhcb', 'alice', 40],
    [2, 'lhcb', 'bob', 40],
    [3, 'lhcb', 'alice', 10],
    [4, 'biomed', 'carol', 10],
  ] as const) {
    await store.database.execute(
      `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, status, job_name, job_type, job_group,
         user_priority, submission_time, last_update_time)
       VALUES (?, ?, 'x', ?, 'g', 1, 'Done', 'n', 'User', 'g', 1, NOW(6) - INTERVAL ? DAY, NOW(6) - INTERVAL ? DAY)`,
      [id, vo, owner, days, days],
    );
    await store.database.execute("INSERT INTO job_parameters VALUES (?, 0, 'Note', 'kept')", [id]);
  }
});
afterAll(async () => {
  leave();
  await store.drop();
  rmSync(folder, { recursive: true });
});

const jobsLeft = async (): Promise<number[]> =>
  (await store.database.query<{ job_id: number }>('SELECT job_id FROM jobs ORDER BY job_id')).map(
    ({ job_id }) => job_id,
  );

describe('pilotage admin retention', () => {
  it('shows the rules of each VO, what is due, and the partitions', async () => {
    const { stdout, code } = await admin('retention', 'show');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^lhcb +30 +LogSE/m);
    expect(stdout).toMatch(/^biomed +7 +LogSE/m);
    expect(stdout).toMatch(/^finished jobs \(archived first\) +lhcb +30 +2 /m);
    expect(stdout).toMatch(/^finished jobs \(archived first\) +biomed +7 +1 /m);
    expect(stdout).toMatch(/^job_history +180 +0 /m);
    const told = JSON.parse((await admin('retention', 'show', '--json')).stdout) as {
      due: { vo: string; step: string; count: number }[];
      partitions: { name: string; create: unknown[] }[];
    };
    expect(told.due.find(({ step, vo }) => step === 'jobs' && vo === 'lhcb')).toMatchObject({ count: 2, days: 30 });
    expect(told.partitions.find(({ name }) => name === 'attempts')?.create).toHaveLength(3);
  });

  it('says what a run would do, and changes nothing', async () => {
    const { stdout } = await admin('retention', 'run', '--dry-run');
    expect(stdout).toMatch(/^jobs: lhcb: 2 finished jobs \(archived first\)$/m);
    expect(stdout).toMatch(/^partitions: repeated_requests: 3 to make, 0 to drop, 0 held by jobs$/m);
    expect((await admin('retention', 'run', '--dry-run', '--only', 'audit')).stdout).toBe('nothing is due\n');
    expect(await jobsLeft()).toEqual([1, 2, 3, 4]);
  });

  it('refuses unknown steps, and gives way to a process that is at it', async () => {
    expect(await admin('retention', 'run', '--only', 'jobs,everything')).toMatchObject({ code: 2, stdout: '' });
    const busy = await store.database.withLock('agent:housekeeping', 5, () => admin('retention', 'run'));
    expect(busy).toMatchObject({ code: 1, stdout: '' });
    expect(busy?.stderr).toContain('Another process is doing the housekeeping');
    expect(await jobsLeft()).toEqual([1, 2, 3, 4]);
  }, 60_000);

  it('fails with the reason when the archive cannot be written, and loses nothing', async () => {
    await writeFile(join(folder, 'logs'), 'a file where the folder should be');
    const failed = await admin('retention', 'run', '--only', 'jobs');
    rmSync(join(folder, 'logs'));
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/pilotage admin: jobs: /);
    expect(await jobsLeft()).toEqual([1, 2, 3, 4]);
  });

  it('does some of the steps with progress, and notes it in the audit', async () => {
    const { stdout, stderr, code } = await admin('retention', 'run', '--only', 'jobs');
    expect({ stdout, code }).toEqual({ stdout: 'jobs: 3\n', code: 0 });
    expect(stderr).toMatch(/^lhcb: 2 jobs archived \(archive \d+\)$/m);
    expect(stderr).toMatch(/^lhcb: 2 jobs deleted \(archive \d+\)$/m);
    expect(await jobsLeft()).toEqual([3]);
    expect((await admin('retention', 'run', '--only', 'jobs')).stdout).toBe('nothing was due\n');
    expect((await admin('audit', 'list', '--action', 'retention.*')).stdout).toMatch(
      /retention\.run +jobs +\{"jobs":3/,
    );
  });
});

describe('pilotage admin archive', () => {
  it('lists archives, and the jobs of a user', async () => {
    expect((await admin('archive', 'list', '--vo', 'biomed')).stdout).toMatch(
      /^\d+ +biomed .* done +1 +0 .*LogSE +archive\/jobs\/biomed/m,
    );
    const { stdout } = await admin('archive', 'list', '--vo', 'lhcb', '--owner', 'alice');
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(stdout).toMatch(/^1 +lhcb +alice +Done/m);
    expect(JSON.parse((await admin('archive', 'list', '--json', '--before', '2')).stdout)).toHaveLength(1);
  });

  it('shows a job, writes it to a file, and notes in the audit who read it', async () => {
    const { stdout } = await admin('archive', 'show', '2');
    expect(stdout).toMatch(/^status +Done$/m);
    expect(stdout).toMatch(/^0 +Note +kept$/m);
    const file = join(folder, 'job-2.json');
    expect((await admin('archive', 'restore-to-file', '2', file)).stdout).toBe(`job 2 was written to ${file}\n`);
    const written = JSON.parse(readFileSync(file, 'utf8')) as { job: object; description: object };
    expect(written).toMatchObject({ job: { job_id: 2, owner: 'bob' }, description: { executable: 'x' } });
    expect(written).toEqual(JSON.parse((await admin('archive', 'show', '2', '--json')).stdout));
    expect((await admin('archive', 'restore-to-file', '2', file)).code).toBe(1);
    expect((await admin('audit', 'list', '--action', 'archive.read')).stdout).toMatch(/lhcb .*job 2/);
  });

  it.each([
    ['3', 'pilotage admin: job 3 is not archived: it is still in the database (Done)\n', 1],
    ['77', 'pilotage admin: job 77 is neither in the database nor in an archive\n', 1],
    ['one', /whole number/, 2],
  ])('says why it has no job %s', async (job, complaint, code) => {
    const refused = await admin('archive', 'show', job);
    expect(refused).toMatchObject({ code, stdout: '' });
    expect(refused.stderr).toMatch(complaint);
  });

  it('finds out when an archive is damaged', async () => {
    const [row] = await store.database.query<{ archive_id: number; object_key: string }>(
      "SELECT archive_id, object_key FROM archives WHERE vo = 'lhcb'",
    );
    const id = String(row?.archive_id);
    expect((await admin('archive', 'check', id)).stdout).toMatch(/is as it was written: 2 jobs/);
    const [path] = await objectsNamed(row?.object_key.split('/').at(-1) ?? '');
    const bytes = readFileSync(path ?? '');
    await writeFile(path ?? '', Buffer.concat([bytes.subarray(0, bytes.length - 4), Buffer.alloc(4)]));
    expect((await admin('archive', 'check', id)).code).toBe(1);
    expect((await admin('archive', 'check', '999')).stderr).toBe('pilotage admin: there is no archive 999\n');
  });
});

describe('pilotage admin audit', () => {
  it('lists by page and by filter, and explains a time that is none', async () => {
    const page = JSON.parse((await admin('audit', 'list', '--json', '--limit', '1')).stdout) as { id: number }[];
    const next = JSON.parse(
      (await admin('audit', 'list', '--json', '--limit', '1', '--before', String(page[0]?.id))).stdout,
    ) as { id: number }[];
    expect(next[0]?.id).toBeLessThan(page[0]?.id ?? 0);
    const filtered = async (...filter: string[]): Promise<number> =>
      (JSON.parse((await admin('audit', 'list', '--json', ...filter)).stdout) as unknown[]).length;
    expect(await filtered('--subject', 'job 2')).toBe(4);
    expect(await filtered('--subject', 'job 2', '--vo', 'biomed')).toBe(0);
    expect(await filtered('--subject', 'job_*')).toBe(0);
    expect(await filtered('--since', '2001-01-01', '--until', '2002-01-01')).toBe(0);
    expect(await admin('audit', 'list', '--since', 'yesterday')).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('pilotage admin keys and token', () => {
  it('revokes tokens of who is named, once and clearly, with an entry in the audit', async () => {
    const revoke = (...args: string[]) => admin('token', 'revoke', ...args);
    expect((await revoke('--vo', 'lhcb', '--user', 'mallory')).code).toBe(0);
    expect((await admin('token', 'revocations')).stdout).toMatch(/^user:lhcb:mallory +\d{4}-/m);
    expect((await admin('audit', 'list', '--action', 'token.revoke')).stdout).toMatch(/lhcb +.*user:lhcb:mallory/);
    for (const wrong of [[], ['--user', 'x'], ['--vo', 'lhcb'], ['--vo', 'lhcb', '--user', 'x', '--pilot', 'y']]) {
      expect((await revoke(...wrong)).stderr).toMatch(/^pilotage admin: name one of: /);
    }
    expect((await revoke('--vo', 'atlas', '--user', 'x')).stderr).toMatch(/there is no VO atlas/);
    expect((await revoke('--pilot', 'f'.repeat(32))).stderr).toMatch(/there is no pilot f+/);
  });

  it('seals the keys anew after a change of the master key', async () => {
    const before = (await admin('keys', 'list')).stdout;
    const old = process.env.PILOTAGE_MASTER_KEY_FILE ?? '';
    const fresh = join(folder, 'new-master.key');
    await writeFile(fresh, 'ab'.repeat(32));
    process.env.PILOTAGE_MASTER_KEY_FILE = fresh;
    expect((await admin('keys', 'list')).stderr).toMatch(/does not open signing key/);
    expect((await admin('keys', 'reseal', '--from', fresh)).stderr).toMatch(/does not open signing key/);
    expect((await admin('keys', 'reseal', '--from', '/nowhere')).stderr).toMatch(/cannot read \/nowhere/);
    expect((await admin('keys', 'reseal', '--from', old)).stdout).toBe('1 keys are sealed under the new master key\n');
    expect((await admin('keys', 'list')).stdout).toBe(before);
  });

  it('puts no secret into archives, the audit or what it prints', async () => {
    const token = (await admin('token', 'issue', '--vo', 'lhcb', '--user', 'zoe')).stdout.trim();
    const shown = [
      await admin('audit', 'list', '--json', '--limit', '10000'),
      await admin('retention', 'show', '--json'),
      await admin('archive', 'show', '4', '--json'),
      await admin('keys', 'list'),
      await admin('token', 'revocations'),
    ].map(({ stdout, stderr }) => stdout + stderr);
    const objects = (await objectsNamed('')).map((path) => readFileSync(path));
    expect(objects.length).toBeGreaterThan(1);
    const archived = objects.flatMap((bytes) => {
      try {
        return gunzipSync(bytes).toString();
      } catch {
        return bytes.toString('latin1');
      }
    });
    for (const text of [...shown, ...archived]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain('ab'.repeat(32));
      expect(text).not.toMatch(/"d":|eyJ[\w-]{8,}\.eyJ/);
    }
  });
});

/** Files of the storage element whose names end so. */
async function objectsNamed(name: string): Promise<string[]> {
  const { readdir } = await import('node:fs/promises');
  const entries = await readdir(join(folder, 'logs'), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(name))
    .map((entry) => join(entry.parentPath, entry.name));
}
