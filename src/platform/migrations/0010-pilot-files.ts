import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The bundles of all versions that have started pilots: a pilot may wait in a queue longer than its version is served. */
export class PilotFiles1764000000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE pilot_files (
      sha256 CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
      name VARCHAR(64) NOT NULL,
      content LONGBLOB NOT NULL,
      kept_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (sha256, name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
