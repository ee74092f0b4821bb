import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaimedAttempt } from '../../../src/wms/matching/earlier-claims.sql.js';
import { holderOf, type Matcher, type MatchingTest, startMatching } from '../../support/matching.js';

describe('what is written together', () => {
  let wms: MatchingTest;
  let server: Matcher;
  let stamp: string;

  beforeAll(async () => {
    wms = await startMatching();
    server = wms.server();
  });
  beforeEach(async () => {
    stamp = await wms.pilot();
  });
  afterAll(() => wms.close());

  async function start(): Promise<ClaimedAttempt> {
    await wms.submit();
    const [attempt] = await server.claim(stamp);
    if (attempt === undefined) throw new Error('There was nothing to claim');
    return attempt;
  }

  it('keeps the end of each output, also one that was cut within a character', async () => {
    const tails = ['quote \' and "\\ \u0000 \u001b[31m', 'cut \ud83d'];
    const named = [];
    for (const tail of tails) named.push({ job_id: (await start()).job_id, tail });
    const beats = named.map(({ job_id, tail }) => ({ job_id, attempt: 1, metrics: { StandardOutput: tail } }));
    await server.heartbeats.beat(stamp, beats);
    for (const { job_id, tail } of named) {
      const [lease] = await wms.database.query('SELECT output_tail FROM leases WHERE job_id = ?', [job_id]);
      expect(lease).toEqual({ output_tail: tail.replace('\ud83d', '\ufffd') });
    }
  });

  it('gives each job the words of its own report', async () => {
    const attempts = [await start(), await start(), await start()];
    const report = { sequence: 1, status: 'Running' as const, minor_status: 'Application', parameters: {} };
    await Promise.all(
      attempts.map((attempt, index) =>
        server.reports.take(holderOf(attempt), { ...report, application_status: `event ${index}` }),
      ),
    );
    for (const [index, { job_id }] of attempts.entries()) {
      const { status, minor_status, application_status } = await wms.job(job_id);
      const said = { status, minor_status, application_status };
      expect(said).toEqual({ status: 'Running', minor_status: 'Application', application_status: `event ${index}` });
    }
  });

  it('gives jobs of several task queues and owners to claims that come together, each job once', async () => {
    const ids = [];
    for (const cpu_work of [300, 1_000, 3_000, 20_000]) ids.push(...(await wms.submit({ cpu_work }, { count: 2 })));
    await server.index.rebuild();
    const pilots = await Promise.all(ids.map(() => wms.pilot()));
    const claimed = await Promise.all(pilots.map((pilot) => server.claim(pilot)));
    const given = claimed.flat().map(({ job_id }) => job_id);
    expect(given.toSorted((a, b) => a - b)).toEqual(ids.toSorted((a, b) => a - b));
  });
});
