import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserPrincipal } from '../../../src/auth/index.js';
import { ListBody, SearchBody } from '../../../src/contract/index.js';
import { JobCounts } from '../../../src/wms/counters/index.js';
import { JobDetails } from '../../../src/wms/jobs/job-details.js';
import { JobSearch } from '../../../src/wms/jobs/job-search.js';
import { Searches } from '../../../src/wms/search/index.js';
import { aStamp, holdJob } from '../../support/held-job.js';
import { jdoe, rroe, type Stages, startStages } from '../../support/stages.js';

let stages: Stages;
let searches: Searches;
let jobSearch: JobSearch;
const user: UserPrincipal = { kind: 'user', properties: ['NormalUser'], ...jdoe };

beforeAll(async () => {
  stages = await startStages();
  searches = new Searches(stages.database, { searchSeconds: 30 });
  jobSearch = new JobSearch(searches, stages.database, stages.configuration);
});
afterAll(() => stages.close());

describe('a search', () => {
  it('is given up at its deadline with a code of its own', async () => {
    const slow = { sql: 'SELECT SLEEP(5) AS slept', values: [] };
    await expect(searches.run(slow, Date.now() + 200)).rejects.toMatchObject({ code: 'search-deadline', status: 400 });
  });

  it('finds the jobs of a pilot by its stamp', async () => {
    const accepted = await stages.submission.submitJsons(jdoe, [{ executable: 'x' }, { executable: 'x' }]);
    const [first = 0] = accepted.map(({ JobID }) => JobID);
    await holdJob(stages, first);
    for (const spec of [
      { operator: 'eq', value: aStamp },
      { operator: 'in', values: [aStamp] },
    ]) {
      const body = SearchBody.parse({ search: [{ parameter: 'PilotStamp', ...spec }], parameters: ['JobID'] });
      const { rows } = await jobSearch.search(user, body, { page: 1, per_page: 10 });
      expect(rows).toEqual([{ JobID: first }]);
    }
  });
});

describe('jobs of those who see only their own', () => {
  it('are found under every name that they had, folded or not, and nobody else’s are', async () => {
    const closed = await startStages({ vos: { lhcb: { see_all_jobs: false } } });
    const own = new JobSearch(
      new Searches(closed.database, { searchSeconds: 30 }),
      closed.database,
      closed.configuration,
    );
    const jobsOf = async (who: UserPrincipal): Promise<unknown[]> => {
      const found = await own.list(who, ListBody.parse({ total: true, limit: 2, parameters: ['JobID'] }));
      const page = await own.search(who, SearchBody.parse({}), { page: 1, per_page: 1 });
      const summary = await own.summary(who, ['MinorStatus'], []);
      return [found.jobs.map(({ JobID }) => JobID), found.total, page.total, summary.map((row) => row['count'])];
    };
    const renamed = { ...jdoe, username: 'johnd' };
    expect(await jobsOf(user)).toEqual([[], 0, 0, []]);
    const [first] = await closed.submission.submitJsons(jdoe, [{ executable: 'x' }]);
    await closed.submission.submitJsons(rroe, [{ executable: 'x' }]);
    expect(await jobsOf(user)).toEqual([[first?.JobID], 1, 1, [1]]);
    await new JobCounts(closed.database).fold();
    const [second] = await closed.submission.submitJsons(renamed, [{ executable: 'x' }]);
    const both = [[second?.JobID, first?.JobID], 2, 2, [2]];
    expect(await jobsOf({ ...user, username: 'johnd' })).toEqual(both);
    expect(await jobsOf(user)).toEqual(both);
    await closed.close();
  });
});

describe('a look at a running job', () => {
  it('shows what its lease says of the output, with the time of the heartbeat', async () => {
    const [accepted] = await stages.submission.submitJsons(jdoe, [{ executable: 'x' }]);
    const jobId = accepted?.JobID ?? 0;
    await holdJob(stages, jobId);
    await stages.database.execute(
      "UPDATE leases SET output_tail = 'step 3', output_at = '2026-11-23 06:51:34.500000' WHERE job_id = ?",
      [jobId],
    );
    const details = new JobDetails(stages.database, jobSearch);
    expect(await details.peek(user, jobId)).toEqual({
      text: 'step 3',
      at: '2026-11-23T06:51:34.500000Z',
      status: 'Matched',
      attempt: 1,
    });
    expect((await details.find(user, jobId)).attempts).toMatchObject([
      { attempt: 1, pilot_stamp: aStamp, ended_at: null },
    ]);
  });
});
