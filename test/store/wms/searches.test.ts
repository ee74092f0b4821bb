import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserPrincipal } from '../../../src/auth/index.js';
import { SearchBody } from '../../../src/contract/index.js';
import { JobDetails } from '../../../src/wms/jobs/job-details.js';
import { JobSearch } from '../../../src/wms/jobs/job-search.js';
import { Searches } from '../../../src/wms/search/index.js';
import { aStamp, holdJob } from '../../support/held-job.js';
import { jdoe, type Stages, startStages } from '../../support/stages.js';

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
