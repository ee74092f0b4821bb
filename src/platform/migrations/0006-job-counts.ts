import type { MigrationInterface, QueryRunner } from 'typeorm';

const label = (length: number): string => `VARCHAR(${length}) COLLATE utf8mb4_general_ci NOT NULL`;

/** The columns by which jobs are counted; as wide and compared as in `jobs`, so that conditions mean the same on both. */
const cell = `
  vo ${label(64)},
  owner ${label(64)},
  owner_subject VARCHAR(255) NOT NULL,
  owner_group ${label(128)},
  job_group ${label(32)},
  job_type ${label(32)},
  site ${label(100)},
  status ${label(16)}`;
const names = 'vo, owner, owner_subject, owner_group, job_group, job_type, site, status';

/**
 * How many jobs there are, by cell. Whoever changes jobs adds rows to `job_count_deltas` in the same transaction; they are
 * folded into `job_counts`, once per grain: columns that a grain does not tell apart are empty. Jobs that exist when
 * this migration runs are counted by it. `by_submission` is for searches by the time of submission.
 */
export class JobCounts1764000000006 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE job_counts (
      grain VARCHAR(8) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,${cell},
      jobs BIGINT NOT NULL,
      PRIMARY KEY (grain, ${names}),
      KEY by_subject (grain, vo, owner_subject),
      KEY by_job_group (grain, vo, job_group)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE job_count_deltas (
      delta_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,${cell},
      jobs INT NOT NULL,
      PRIMARY KEY (delta_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE job_count_checks (
      checked_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      repaired INT UNSIGNED NOT NULL,
      PRIMARY KEY (checked_at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query('ALTER TABLE jobs ADD KEY by_submission (vo, submission_time)');
    const grains = { cell: names, site: "vo, '', '', '', '', '', site, status", owner: "vo, owner, owner_subject, owner_group, '', '', '', status" }; // prettier-ignore
    for (const [grain, columns] of Object.entries(grains)) {
      const groups = columns.replaceAll("'', ", '');
      await runner.query(
        `INSERT INTO job_counts (grain, ${names}, jobs) SELECT '${grain}', ${columns}, COUNT(*) FROM jobs GROUP BY ${groups}`,
      );
    }
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
