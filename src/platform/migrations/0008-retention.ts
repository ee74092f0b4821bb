import type { MigrationInterface, QueryRunner } from 'typeorm';

const label = (length: number): string => `VARCHAR(${length}) COLLATE utf8mb4_general_ci NOT NULL`;

/**
 * Archives of finished jobs, and which job lies in which. A description remembers the ids of its jobs, so that the last
 * one to go can be told without an index on the jobs' descriptions.
 */
export class Retention1764000000008 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE archives (
      archive_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      vo ${label(64)},
      se VARCHAR(64) NOT NULL,
      object_key VARCHAR(512) NOT NULL,
      state VARCHAR(8) NOT NULL DEFAULT 'open',
      jobs INT UNSIGNED NOT NULL,
      released INT UNSIGNED NOT NULL DEFAULT 0,
      first_job BIGINT UNSIGNED NOT NULL,
      last_job BIGINT UNSIGNED NOT NULL,
      bytes BIGINT UNSIGNED NULL,
      sha256 CHAR(64) NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      verified_at DATETIME(6) NULL,
      completed_at DATETIME(6) NULL,
      PRIMARY KEY (archive_id),
      KEY by_vo (vo, archive_id),
      KEY by_state (state, archive_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE archived_jobs (
      job_id BIGINT UNSIGNED NOT NULL,
      archive_id BIGINT UNSIGNED NOT NULL,
      vo ${label(64)},
      owner ${label(64)},
      status ${label(16)},
      submission_time DATETIME(6) NOT NULL,
      digest BINARY(32) NULL,
      PRIMARY KEY (job_id),
      KEY of_archive (archive_id, job_id),
      KEY by_owner (vo, owner, job_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`ALTER TABLE job_descriptions
      ADD COLUMN first_job BIGINT UNSIGNED NULL, ADD COLUMN last_job BIGINT UNSIGNED NULL`);
    await runner.query('ALTER TABLE sandboxes DROP KEY by_access, ADD KEY by_access (vo, assigned, last_access)');
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
