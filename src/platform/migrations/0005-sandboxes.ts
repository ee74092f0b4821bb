import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sandboxes by content, and which job uses which. */
export class Sandboxes1764000000005 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE sandboxes (
      sandbox_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      vo VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL,
      owner_subject VARCHAR(255) NOT NULL,
      owner VARCHAR(64) COLLATE utf8mb4_general_ci NOT NULL,
      owner_group VARCHAR(128) COLLATE utf8mb4_general_ci NOT NULL,
      se VARCHAR(64) NOT NULL,
      pfn VARCHAR(256) NOT NULL,
      sha256 CHAR(64) NOT NULL,
      size BIGINT UNSIGNED NOT NULL,
      format VARCHAR(8) NOT NULL,
      assigned BOOLEAN NOT NULL DEFAULT FALSE,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      last_access DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (sandbox_id),
      UNIQUE KEY by_pfn (pfn),
      KEY by_access (assigned, last_access)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE job_sandboxes (
      job_id BIGINT UNSIGNED NOT NULL,
      kind VARCHAR(8) NOT NULL,
      sandbox_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL DEFAULT 0,
      PRIMARY KEY (job_id, kind, sandbox_id),
      KEY of_sandbox (sandbox_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
