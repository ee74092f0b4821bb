import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Limits on running jobs. What is counted has a key; `slots` numbers from 1 exist for it. A slot of which nobody has the
 * use is a row of `limit_slots`, taken by locking it; one in use is a row of `limit_uses`. Slots of rates stay in
 * `limit_slots` and are free again at `not_before`. `leases.limited` says that there may be uses to give back.
 */
export class RunningLimits1764000000011 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE limit_keys (
      limit_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      name VARCHAR(700) NOT NULL,
      slots INT UNSIGNED NOT NULL DEFAULT 0,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (limit_id),
      UNIQUE KEY by_name (name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE limit_slots (
      limit_id BIGINT UNSIGNED NOT NULL,
      number INT UNSIGNED NOT NULL,
      not_before DATETIME(6) NOT NULL DEFAULT '2000-01-01 00:00:00',
      PRIMARY KEY (limit_id, number)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE limit_uses (
      job_id BIGINT UNSIGNED NOT NULL,
      limit_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      number INT UNSIGNED NOT NULL,
      PRIMARY KEY (job_id, attempt, limit_id),
      KEY by_number (limit_id, number)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query('ALTER TABLE leases ADD COLUMN limited BOOLEAN NOT NULL DEFAULT FALSE');
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
