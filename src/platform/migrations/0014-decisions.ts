import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * By what an attempt was chosen: its task queue and the turns of its VO, group and owner; a sample of such decisions as
 * a whole. What an entity had used before it was served, and the virtual time of each level of shares with what those
 * who had fallen behind it were lifted.
 */
export class Decisions1764000000014 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE attempts
      ADD COLUMN task_queue_id BIGINT UNSIGNED NULL,
      ADD COLUMN turn_vo DOUBLE NULL,
      ADD COLUMN turn_group DOUBLE NULL,
      ADD COLUMN turn_owner DOUBLE NULL,
      ALGORITHM = INSTANT`);
    await runner.query(`ALTER TABLE share_use
      ADD COLUMN vo_before DOUBLE NULL,
      ADD COLUMN group_before DOUBLE NULL,
      ADD COLUMN owner_before DOUBLE NULL,
      ALGORITHM = INSTANT`);
    await runner.query(`CREATE TABLE share_levels (
      depth TINYINT UNSIGNED NOT NULL,
      vo VARCHAR(64) NOT NULL,
      owner_group VARCHAR(128) NOT NULL,
      owner_subject VARCHAR(255) NOT NULL,
      lifted DOUBLE NOT NULL,
      floor_use DOUBLE NOT NULL,
      at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (depth, vo, owner_group, owner_subject)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE decisions (
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      decided_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      configuration_version INT UNSIGNED NOT NULL,
      decision MEDIUMTEXT NOT NULL,
      PRIMARY KEY (job_id, attempt),
      KEY by_time (decided_at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
