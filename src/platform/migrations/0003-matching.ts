import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requirement classes, task queues (class × share entity), and the use of shares as deltas that are folded. */
export class Matching1764000000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE requirement_classes (
      class_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      hash CHAR(64) NOT NULL,
      requirements MEDIUMTEXT NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (class_id),
      UNIQUE KEY by_hash (hash)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE task_queues (
      task_queue_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      class_id BIGINT UNSIGNED NOT NULL,
      vo VARCHAR(64) NOT NULL,
      owner_group VARCHAR(128) NOT NULL,
      owner_subject VARCHAR(255) NOT NULL,
      owner VARCHAR(64) NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (task_queue_id),
      UNIQUE KEY by_definition (class_id, vo, owner_group, owner_subject)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE share_use (
      use_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      vo VARCHAR(64) NOT NULL,
      owner_group VARCHAR(128) NOT NULL,
      owner_subject VARCHAR(255) NOT NULL,
      at DATETIME(6) NOT NULL DEFAULT NOW(6),
      used DOUBLE NOT NULL,
      PRIMARY KEY (use_id),
      KEY by_time (at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
