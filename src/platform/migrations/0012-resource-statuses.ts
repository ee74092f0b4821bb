import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is set for sites, CEs, storage elements, hosts and pilots; what was set before; and when anything of it changed
 * last. Names are folded. VO '' is all VOs; access '' is everything but storage.
 */
export class ResourceStatuses1764000000012 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const columns = `kind ENUM('site', 'ce', 'storage', 'host', 'pilot') NOT NULL,
      name VARCHAR(400) NOT NULL,
      vo VARCHAR(64) NOT NULL,
      access ENUM('', 'read', 'write', 'check', 'remove') NOT NULL`;
    await runner.query(`CREATE TABLE resource_statuses (
      ${columns},
      status ENUM('Active', 'Degraded', 'Probing', 'Banned') NOT NULL,
      reason VARCHAR(1000) NOT NULL,
      author VARCHAR(255) NOT NULL,
      set_at DATETIME(6) NOT NULL,
      expires_at DATETIME(6) NULL,
      PRIMARY KEY (kind, name, vo, access),
      KEY by_expiry (expires_at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE resource_status_history (
      change_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      ${columns},
      status ENUM('Active', 'Degraded', 'Probing', 'Banned') NULL COMMENT 'NULL: what was set was taken back',
      reason VARCHAR(1000) NOT NULL,
      author VARCHAR(255) NOT NULL,
      set_at DATETIME(6) NOT NULL,
      expires_at DATETIME(6) NULL,
      PRIMARY KEY (change_id),
      KEY of_resource (kind, name, change_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    // One row: who changes statuses holds it until the commit, so that changes have one order and one latest.
    await runner.query(`CREATE TABLE resource_status_edition (
      id TINYINT UNSIGNED NOT NULL,
      changed_at DATETIME(6) NOT NULL,
      PRIMARY KEY (id)
    )`);
    await runner.query('INSERT INTO resource_status_edition (id, changed_at) VALUES (1, NOW(6))');
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
