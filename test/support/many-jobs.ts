import { jobStates } from '../../src/contract/index.js';
import type { Database } from '../../src/platform/index.js';
import { JobCounts } from '../../src/wms/counters/index.js';

const statusList = jobStates.map((state) => `'${state}'`).join(', ');

/**
 * Inserts jobs by statements, for tests that need more than can be submitted: `count` of a VO by fifty owners in ten job
 * groups at five sites, one in four Waiting, the others in all states; a second apart, the last just now. Counted too.
 */
export async function insertManyJobs(database: Database, vo: string, count: number): Promise<void> {
  const [last] = await database.query<{ id: number | null }>('SELECT MAX(job_id) AS id FROM jobs');
  const first = Number(last?.id ?? 0) + 1;
  const digits = '(SELECT 0 AS d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)'; // prettier-ignore
  const powers = [1, 10, 100, 1_000, 10_000, 100_000];
  const numbers = powers.map((power, at) => `${power} * t${at}.d`).join(' + ');
  await database.execute(
    `INSERT INTO jobs (job_id, vo, owner_subject, owner, owner_group, description_id, status, minor_status, job_name, job_type,
       job_group, site, user_priority, submission_time, last_update_time)
     SELECT ? + n, ?, CONCAT(?, ':user', n * 7 % 50), CONCAT('user', n * 7 % 50), 'group', 1,
       IF(n % 4 = 0, 'Waiting', ELT(1 + n * 11 % ${jobStates.length}, ${statusList})), 'minor', CONCAT('test', n % 100), 'User',
       CONCAT('group', n * 3 % 10), CONCAT('Site.', n * 13 % 5), 1,
       NOW(6) - INTERVAL (? - n) SECOND, NOW(6) - INTERVAL (? - n) SECOND
     FROM (SELECT ${numbers} AS n FROM ${powers.map((_, at) => `${digits} t${at}`).join(' CROSS JOIN ')}) AS numbers
     WHERE n < ?`,
    [first, vo, vo, count, count, count],
  );
  await new JobCounts(database).repair();
  await database.query('ANALYZE TABLE jobs');
}
