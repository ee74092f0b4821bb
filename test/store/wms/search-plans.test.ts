import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ListBody, SearchBody, type SearchSpec } from '../../../src/contract/index.js';
import type { Database } from '../../../src/platform/index.js';
import { searchableJobs } from '../../../src/wms/jobs/job-columns.js';
import { type Condition, Searches } from '../../../src/wms/search/index.js';
import { conditionsOf, joined } from '../../../src/wms/search/conditions.js';
import { freshDatabase } from '../../support/database.js';
import { insertManyJobs } from '../../support/many-jobs.js';

interface PlanStep {
  table: string | null;
  type: string | null;
  key: string | null;
  rows: number | null;
  Extra: string;
}

let store: Awaited<ReturnType<typeof freshDatabase>>;
let plans: { sql: string; steps: PlanStep[] }[];
let searches: Searches;
const everything: Condition = { sql: 'j.vo = ?', values: ['big'], reads: ['j.vo'] };
const small: Condition = { ...everything, values: ['small'] };

beforeAll(async () => {
  store = await freshDatabase();
  // The small VO first, so that its jobs are at the far end of the table.
  await insertManyJobs(store.database, 'small', 300);
  await insertManyJobs(store.database, 'big', 120_000);
  plans = [];
  searches = new Searches(explaining(store.database), { searchSeconds: 60 });
}, 120_000);
afterAll(() => store.drop());

/** The database, noting the plan of every search that it runs. */
function explaining(database: Database): Database {
  const query = async <T>(sql: string, values?: unknown[]): Promise<T[]> => {
    const bare = sql.replace(/^SET STATEMENT .*? FOR /, '');
    if (bare !== sql) plans.push({ sql: bare, steps: await database.query<PlanStep>(`EXPLAIN ${bare}`, values) });
    return database.query<T>(sql, values);
  };
  return { query } as Database;
}

/** The steps that read `jobs` itself. */
function stepsOnJobs(): PlanStep[] {
  return plans
    .filter(({ sql }) => !sql.includes('job_counts'))
    .flatMap(({ steps }) => steps.filter(({ table }) => table === 'j'));
}

const eq = (parameter: string, value: string): SearchSpec => ({ parameter, operator: 'eq', value });
const active: SearchSpec = {
  parameter: 'Status',
  operator: 'in',
  values: ['Waiting', 'Matched', 'Running', 'Stalled'],
};
const recent: SearchSpec = {
  parameter: 'SubmissionTime',
  operator: 'gt',
  value: new Date(Date.now() - 60_000).toISOString(),
};

const shapes: Record<string, { search?: SearchSpec[]; sort?: 'JobID' | 'LastUpdateTime' | 'SubmissionTime' }> = {
  'all jobs': {},
  'jobs of an owner': { search: [eq('Owner', 'user7')] },
  'jobs of an owner in a state': { search: [eq('Owner', 'user7'), eq('Status', 'Failed')] },
  'jobs of an owner that have not ended': { search: [eq('Owner', 'user7'), active] },
  'jobs in a state': { search: [eq('Status', 'Running')] },
  'jobs in some states': { search: [active] },
  'jobs at a site': { search: [eq('Site', 'Site.1')] },
  'jobs at a site in a state': { search: [eq('Site', 'Site.1'), eq('Status', 'Failed')] },
  'jobs of a group': { search: [eq('JobGroup', 'group3')] },
  'jobs of a group and an owner': { search: [eq('JobGroup', 'group3'), eq('Owner', 'user7')] },
  'jobs below an id': { search: [{ parameter: 'JobID', operator: 'lt', value: 50_000 }] },
  'named jobs': { search: [{ parameter: 'JobID', operator: 'in', values: [400, 4_000, 40_000] }] },
  'jobs changed last': { sort: 'LastUpdateTime' },
  'jobs submitted last': { sort: 'SubmissionTime' },
  'jobs of the last minute': { search: [recent], sort: 'SubmissionTime' },
};

describe.each(Object.entries(shapes))('a page of %s', (_, { search = [], sort = 'JobID' }) => {
  const expectGoodPlans = (): void => {
    const steps = stepsOnJobs();
    expect(steps.length).toBeGreaterThan(0);
    for (const { type, Extra, key } of steps) {
      expect({ type, key, sorted: /filesort|temporary/.test(Extra) }).toEqual({
        type: expect.stringMatching(/^(ref|range|eq_ref|const)$/),
        key: expect.any(String),
        sorted: false,
      });
    }
  };

  it.each(['desc', 'asc'] as const)('is read from an index, without sorting jobs (%s)', async (direction) => {
    for (const within of [everything, small]) {
      plans = [];
      const body = SearchBody.parse({ search, sort: [{ parameter: sort, direction }] });
      await searches.page(searchableJobs, body, { page: 2, per_page: 25 }, within);
      expectGoodPlans();
    }
  });

  it('is read so after a cursor, too', async () => {
    const body = { search, sort: { parameter: sort }, limit: 2 };
    const { next } = await searches.stretch(searchableJobs, ListBody.parse(body), everything);
    plans = [];
    await searches.stretch(searchableJobs, ListBody.parse({ ...body, cursor: next }), everything);
    expectGoodPlans();
  });
});

describe('a total', () => {
  it('is read from few counters where all columns are counted, and never from the jobs', async () => {
    plans = [];
    for (const search of [
      [],
      [eq('Owner', 'user7'), active],
      [eq('Status', 'Running')],
      [eq('Site', 'Site.1'), active],
    ]) {
      await searches.page(searchableJobs, SearchBody.parse({ search }), { page: 1, per_page: 25 }, everything);
    }
    await searches.summary(searchableJobs, ['Status'], [], everything);
    const totals = plans.filter(({ sql }) => sql.includes('SUM('));
    expect(totals).toHaveLength(5);
    expect(plans.filter(({ sql }) => sql.includes('COUNT(*)'))).toEqual([]);
    for (const { steps } of totals) for (const { rows } of steps) expect(Number(rows ?? 0)).toBeLessThan(3_000);
  });

  const texts = fc.constantFrom(
    'user7',
    'USER7',
    'user%',
    'Waiting',
    'running',
    'group3',
    'Site.1',
    'site.%',
    'big',
    '',
    'é',
  );
  const aSpec = fc.record({
    parameter: fc.constantFrom('Owner', 'OwnerGroup', 'JobGroup', 'JobType', 'Site', 'Status', 'VO'),
    condition: fc.oneof(
      fc.record({ operator: fc.constantFrom('eq', 'neq', 'gt', 'lt', 'like', 'not like', 'regex'), value: texts }),
      fc.record({ operator: fc.constantFrom('in', 'not in'), values: fc.array(texts, { maxLength: 3 }) }),
    ),
  });

  it('is that of the rows, whatever the conditions', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aSpec, { maxLength: 3 }), async (given) => {
        const search = given.map(({ parameter, condition }) => ({ parameter, ...condition })) as SearchSpec[];
        const where = joined([small, ...conditionsOf(searchableJobs, search, true)], ' AND ') ?? small;
        const [counted] = await store.database.query<{ n: number }>(
          `SELECT COUNT(*) AS n FROM jobs j WHERE ${where.sql}`,
          where.values,
        );
        const truth = Number(counted?.n);
        const listing = ListBody.parse({ search, limit: 7, total: true });
        const { rows, total } = await searches.stretch(searchableJobs, listing, small);
        expect({ total, rows: rows.length }).toEqual({ total: truth, rows: Math.min(7, truth) });
        const summary = await searches.summary(searchableJobs, ['Site', 'Status'], search, small);
        expect(summary.reduce((sum, row) => sum + Number(row['count']), 0)).toBe(truth);
        const body = SearchBody.parse({
          search,
          sort: [{ parameter: 'JobID', direction: 'desc' }],
          parameters: ['JobID'],
        });
        const page = await searches.page(searchableJobs, body, { page: 2, per_page: 5 }, small);
        const plain = await store.database.query<{ id: number }>(
          `SELECT job_id AS id FROM jobs j WHERE ${where.sql} ORDER BY job_id DESC LIMIT 5 OFFSET 5`,
          where.values,
        );
        expect(page).toEqual({ rows: plain.map(({ id }) => ({ JobID: id })), total: truth });
      }),
      { numRuns: 120 },
    );
  }, 120_000);

  it('knows of what was changed since the counters were folded', async () => {
    const of = (search: SearchSpec[]) =>
      searches.stretch(searchableJobs, ListBody.parse({ search, limit: 1, total: true }), small);
    const before = (await of([eq('Site', 'Site.1')])).total ?? 0;
    await store.database.execute(
      "INSERT INTO job_count_deltas VALUES (NULL, 'small', 'user7', 'small:user7', 'group', 'g', 'User', 'Site.1', 'Done', 3)",
    );
    expect((await of([eq('Site', 'Site.1')])).total).toBe(before + 3);
    await store.database.execute('DELETE FROM job_count_deltas');
  });
});

describe('a listing', () => {
  it.each(['JobID', 'SubmissionTime', 'LastUpdateTime'] as const)('by %s shows every job once', async (parameter) => {
    for (const direction of ['asc', 'desc'] as const) {
      const seen: number[] = [];
      let cursor: string | null = null;
      do {
        const body = ListBody.parse({ sort: { parameter, direction }, limit: 37, cursor, parameters: ['JobID'] });
        const { rows, next } = await searches.stretch(searchableJobs, body, small);
        seen.push(...rows.map(({ JobID }) => Number(JobID)));
        cursor = next;
      } while (cursor !== null);
      const ids = Array.from({ length: 300 }, (_, index) => index + 1);
      expect(seen).toEqual(direction === 'asc' ? ids : ids.toReversed());
    }
  });

  it('goes on where it was although jobs came and went', async () => {
    const body = { limit: 3, parameters: ['JobID'], search: [eq('Owner', 'user7')] };
    const first = await searches.stretch(searchableJobs, ListBody.parse(body), small);
    const [gone, ...rest] = first.rows.map(({ JobID }) => Number(JobID)).toReversed();
    await store.database.execute("UPDATE jobs SET vo = 'away' WHERE job_id = ?", [gone]);
    const second = await searches.stretch(searchableJobs, ListBody.parse({ ...body, cursor: first.next }), small);
    await store.database.execute("UPDATE jobs SET vo = 'small' WHERE job_id = ?", [gone]);
    expect(rest).not.toHaveLength(0);
    expect(second.rows.map(({ JobID }) => Number(JobID)).filter((id) => id >= (gone ?? 0))).toEqual([]);
    expect(second.rows[0]?.['JobID']).toBe((gone ?? 0) - 50);
  });

  it('refuses a cursor of another search, or what is none', async () => {
    const { next } = await searches.stretch(searchableJobs, ListBody.parse({ limit: 1 }), small);
    const refused = { code: 'invalid-cursor', status: 400 };
    for (const body of [
      { cursor: next, search: [eq('Owner', 'user7')] },
      { cursor: next, sort: { parameter: 'SubmissionTime' } },
      { cursor: 'nonsense' },
      { cursor: Buffer.from('["x", 1, "2026"]').toString('base64url') },
    ]) {
      await expect(searches.stretch(searchableJobs, ListBody.parse(body), small)).rejects.toMatchObject(refused);
    }
  });
});

describe('a deadline', () => {
  // Every row fulfils all but the last.
  const slow: SearchSpec[] = [
    ...Array.from({ length: 60 }, (): SearchSpec => ({
      parameter: 'JobName',
      operator: 'regex',
      value: '^t(e|s)*t[0-9]+$',
    })),
    eq('JobName', 'nobody'),
  ];
  const refused = { code: 'search-deadline', status: 400, message: expect.stringContaining('narrow it') };

  it('ends a page, a summary and a listing that read too much', async () => {
    const hasty = new Searches(store.database, { searchSeconds: 0.1 });
    const page = hasty.page(searchableJobs, SearchBody.parse({ search: slow }), { page: 1, per_page: 10 }, everything);
    await expect(page).rejects.toMatchObject(refused);
    await expect(hasty.summary(searchableJobs, ['JobName'], slow, everything)).rejects.toMatchObject(refused);
    await expect(hasty.stretch(searchableJobs, ListBody.parse({ search: slow }), everything)).rejects.toMatchObject(
      refused,
    );
  });

  it('leaves a listing its rows when only the total takes too long', async () => {
    const hasty = new Searches(store.database, { searchSeconds: 0.3 });
    const body = ListBody.parse({ search: slow.slice(0, -1), limit: 5, total: true });
    const { rows, total } = await hasty.stretch(searchableJobs, body, everything);
    expect([rows.length, total]).toEqual([5, null]);
  });
});
