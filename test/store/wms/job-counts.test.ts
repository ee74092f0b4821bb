import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { dueJobs } from '../../../src/agents/housekeeping/old-jobs.js';
import { purgeDue } from '../../../src/wms/archive/purge-jobs.js';
import type { UserPrincipal } from '../../../src/auth/index.js';
import { jobStates } from '../../../src/contract/index.js';
import type { Database, Transaction } from '../../../src/platform/index.js';
import { JobCounts } from '../../../src/wms/counters/index.js';
import { Metadata } from '../../../src/wms/jobs/metadata.js';
import { Rescheduling } from '../../../src/wms/jobs/rescheduling.js';
import { Termination } from '../../../src/wms/jobs/termination.js';
import { type MatchingTest, startMatching } from '../../support/matching.js';
import { jdoe, rroe } from '../../support/stages.js';

let world: MatchingTest;
let counts: JobCounts;
beforeAll(async () => {
  world = await startMatching();
  counts = new JobCounts(world.database);
});
afterAll(() => world.close());

const number = async (sql: string): Promise<number> =>
  Number(Object.values((await world.database.query<Record<string, unknown>>(sql))[0] ?? {})[0]);
const unfolded = (): Promise<number> => number('SELECT COUNT(*) FROM job_count_deltas');

describe('the counters of jobs', () => {
  const user: UserPrincipal = { kind: 'user', properties: ['NormalUser'], ...jdoe };

  it('count what is submitted, claimed, labelled, killed, rescheduled and deleted for good', async () => {
    const accepted = await world.submission.submitJsons(jdoe, [
      { executable: 'x', job_group: 'a' },
      { executable: 'x', job_group: 'b', sites: ['Demo.Local'] },
      { executable: 'x', job_type: 'Test' },
    ]);
    const [first = 0, second = 0, third = 0] = accepted.map(({ JobID }) => JobID);
    expect(await counts.check()).toBe(0);
    expect(await number('SELECT SUM(jobs) FROM job_count_deltas')).toBe(3);

    const claimed = await world.server().claim(await world.pilot());
    expect(claimed).toHaveLength(1);
    expect(
      await number("SELECT SUM(jobs) FROM job_count_deltas WHERE site = 'Demo.Local' AND status = 'Matched'"),
    ).toBe(1);
    expect(await counts.check()).toBe(0);

    await new Metadata(world.admission, world.jobs).set(user, {
      [second]: { JobGroup: 'c', Site: 'Elsewhere', MinorStatus: 'x' },
    });
    expect(await number("SELECT SUM(jobs) FROM job_count_deltas WHERE job_group = 'c'")).toBe(1);
    await new Termination(world.admission, world.jobs, world.configuration).kill(user, [first, second]);
    await new Rescheduling(world.admission, world.jobs, world.configuration).reschedule(user, [second], false);
    await new Termination(world.admission, world.jobs, world.configuration).delete(user, [second, third]);
    expect(await counts.check()).toBe(0);

    await world.database.execute('UPDATE jobs SET last_update_time = NOW(6) - INTERVAL 40 DAY WHERE job_id = ?', [
      third,
    ]);
    const due = await dueJobs(world.database, 'lhcb', 30);
    expect(await purgeDue(world.database, due)).toMatchObject({ jobs: 1 });
    expect(await counts.check()).toBe(0);
    expect(await number('SELECT SUM(jobs) FROM job_count_deltas')).toBe(2);
  });

  it('know nothing of what was rolled back', async () => {
    const before = await unfolded();
    const [jobId = 0] = await world.submit();
    const failed = world.jobs.change(async (tx, effects) => {
      await world.jobs.move(tx, effects, [{ jobId, to: 'Killed', source: 'test' }]);
      throw new Error('the commit never comes');
    });
    await expect(failed).rejects.toThrow('the commit never comes');
    expect(await unfolded()).toBe(before + 1);
    expect(await counts.check()).toBe(0);
  });

  it('are exact after any moves of many at the same time, folded meanwhile', async () => {
    const ids = [
      ...(await world.submit({}, { count: 20 })),
      ...(await world.submit({ executable: 'y' }, { count: 20, owner: rroe })),
    ];
    const aMove = fc.record({
      at: fc.nat(ids.length - 1),
      to: fc.constantFrom(...jobStates),
      site: fc.option(fc.constantFrom('Demo.Local', 'demo.local', 'Other'), { nil: undefined }),
    });
    const bulks = fc.sample(fc.uniqueArray(aMove, { selector: ({ at }) => at, minLength: 1, maxLength: 12 }), 120);
    const lanes = [0, 1, 2, 3].map(async (lane) => {
      for (const bulk of bulks.filter((_, at) => at % 4 === lane)) {
        const moves = bulk.map(({ at, to, site }) => ({
          jobId: ids[at] ?? 0,
          to,
          force: true,
          source: 'test',
          ...(site === undefined ? {} : { set: { site } }),
        }));
        await world.jobs.change((tx, effects) => world.jobs.move(tx, effects, moves));
        if (lane === 0) expect(await counts.check()).toBe(0);
      }
    });
    let folding = true;
    const folder = (async () => {
      while (folding) await counts.fold();
    })();
    await Promise.all(lanes);
    folding = false;
    await folder;
    await counts.fold();
    expect(await unfolded()).toBe(0);
    expect(await counts.check()).toBe(0);
    const held = await world.database.query(
      `SELECT vo, owner, status, SUM(jobs) AS jobs FROM job_counts WHERE grain = 'owner'
       GROUP BY vo, owner, status HAVING SUM(jobs) <> 0 ORDER BY vo, owner, status`,
    );
    const true_ = await world.database.query(
      'SELECT vo, owner, status, COUNT(*) AS jobs FROM jobs GROUP BY vo, owner, status ORDER BY vo, owner, status',
    );
    expect(held.map((row) => ({ ...row, jobs: Number(row['jobs']) }))).toEqual(
      true_.map((row) => ({ ...row, jobs: Number(row['jobs']) })),
    );
  });
});

describe('a fold', () => {
  beforeEach(() => counts.fold());

  it('that dies before any of its statements loses no count and counts nothing twice', async () => {
    const [jobId = 0] = await world.submit({ executable: 'z' });
    await world.jobs.change((tx, effects) => world.jobs.move(tx, effects, [{ jobId, to: 'Killed', source: 'test' }]));
    const waiting = await unfolded();
    expect(waiting).toBe(3);
    let deaths = 0;
    for (let statement = 1; ; statement += 1) {
      const dying = new JobCounts(dyingAt(world.database, statement));
      const died = await dying.fold().then(
        () => false,
        () => true,
      );
      if (!died) break;
      deaths += 1;
      expect(await unfolded()).toBe(waiting);
      expect(await counts.check()).toBe(0);
    }
    // The rows, three grains, the removal.
    expect(deaths).toBe(5);
    expect(await unfolded()).toBe(0);
    expect(await counts.check()).toBe(0);
  });

  it('leaves what others have not committed yet for the next', async () => {
    await world.jobs.change(async (tx, effects) => {
      const [jobId = 0] = await world.submit();
      await world.jobs.move(tx, effects, [{ jobId, to: 'Killed', source: 'test' }]);
      // The submission has been committed, the kill not.
      expect(await counts.fold()).toBe(1);
    });
    expect(await unfolded()).toBe(2);
    expect(await counts.fold()).toBe(2);
    expect(await counts.check()).toBe(0);
  });

  it('leaves no counters at zero behind, once they are removed', async () => {
    await world.submit();
    await world.jobs.change(async (tx, effects) => {
      const rows = await world.database.query<{ job_id: number }>("SELECT job_id FROM jobs WHERE status = 'Waiting'");
      const moves = rows.map(({ job_id }) => ({ jobId: job_id, to: 'Killed' as const, source: 'test' }));
      await world.jobs.move(tx, effects, moves);
    });
    await counts.fold();
    await counts.removeEmpty();
    expect(await number('SELECT COUNT(*) FROM job_counts WHERE jobs = 0')).toBe(0);
    expect(await number("SELECT COUNT(*) FROM job_counts WHERE status = 'Waiting'")).toBe(0);
    expect(await counts.check()).toBe(0);
  });
});

describe('a repair', () => {
  it('corrects counters that are wrong, missing or about nothing, while jobs go on changing', async () => {
    await world.submit({}, { count: 3 });
    await counts.fold();
    await world.database.execute("UPDATE job_counts SET jobs = jobs + 2 WHERE grain = 'cell' LIMIT 1");
    await world.database.execute("DELETE FROM job_counts WHERE grain = 'owner' LIMIT 1");
    await world.database.execute(
      "INSERT INTO job_counts VALUES ('site', 'lhcb', '', '', '', '', '', 'Nowhere', 'Done', 7)",
    );
    expect(await counts.check()).toBeGreaterThanOrEqual(3);
    const [repaired] = await Promise.all([counts.repair(), world.submit({}, { count: 2 })]);
    expect(repaired).toBeGreaterThanOrEqual(3);
    expect(await counts.check()).toBe(0);
    await counts.fold();
    expect(await counts.check()).toBe(0);
    expect(await counts.repairAfter(24)).toBe(0);
  });

  it('is made when the last one is too old, and only then', async () => {
    await world.database.execute('DELETE FROM job_count_checks');
    await world.database.execute("UPDATE job_counts SET jobs = jobs + 1 WHERE grain = 'site' LIMIT 1");
    expect(await counts.repairAfter(24)).toBe(1);
    await world.database.execute("UPDATE job_counts SET jobs = jobs + 1 WHERE grain = 'site' LIMIT 1");
    expect(await counts.repairAfter(24)).toBe(0);
    expect(await counts.repair()).toBe(1);
  });
});

/** The database as a process sees it that dies just before its n-th statement in a transaction. */
function dyingAt(database: Database, statement: number): Database {
  let made = 0;
  const until = <T>(run: () => Promise<T>): Promise<T> => {
    made += 1;
    return made === statement ? Promise.reject(new Error('killed')) : run();
  };
  const dying: Pick<Database, 'withLock' | 'transaction'> = {
    withLock: (name, wait, body) => database.withLock(name, wait, body),
    transaction: (body) =>
      database.transaction((tx: Transaction) =>
        body({
          query: (sql, values) => until(() => tx.query(sql, values)),
          execute: (sql, values) => until(() => tx.execute(sql, values)),
        }),
      ),
  };
  return dying as Database;
}
