import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The installation itself: numbered configurations, signing keys, the audit table, id sequences, outbox, repeated requests. */
export class Installation1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE configurations (
      version INT UNSIGNED NOT NULL AUTO_INCREMENT,
      document MEDIUMTEXT NOT NULL,
      sha256 CHAR(64) NOT NULL,
      author VARCHAR(255) NOT NULL,
      applied_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (version)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE signing_keys (
      kid CHAR(32) NOT NULL,
      purpose VARCHAR(32) NOT NULL,
      algorithm VARCHAR(16) NOT NULL,
      public_jwk TEXT NOT NULL,
      private_jwk_encrypted TEXT NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      signs_from DATETIME(6) NOT NULL,
      retired_at DATETIME(6) NULL,
      revoked_at DATETIME(6) NULL,
      PRIMARY KEY (kid)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE audit (
      audit_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      at DATETIME(6) NOT NULL DEFAULT NOW(6),
      vo VARCHAR(64) NOT NULL,
      actor VARCHAR(255) NOT NULL,
      action VARCHAR(64) NOT NULL,
      subject VARCHAR(255) NOT NULL,
      detail TEXT NOT NULL,
      PRIMARY KEY (audit_id),
      KEY by_time (at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE sequences (
      name VARCHAR(32) NOT NULL,
      next_id BIGINT UNSIGNED NOT NULL,
      PRIMARY KEY (name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`INSERT INTO sequences (name, next_id) VALUES ('jobs', 1)`);
    await runner.query(`CREATE TABLE outbox (
      message_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      topic VARCHAR(32) NOT NULL,
      payload TEXT NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (message_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE repeated_requests (
      scope CHAR(64) NOT NULL,
      day DATE NOT NULL,
      body_sha256 CHAR(64) NOT NULL,
      reply MEDIUMTEXT NOT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (scope, day)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin
    PARTITION BY RANGE COLUMNS (day) (PARTITION future VALUES LESS THAN (MAXVALUE))`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
