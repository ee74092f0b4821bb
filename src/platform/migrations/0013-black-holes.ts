import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Attempts that ended lately, told apart by where and whose they were; what ended at a place in each past hour; the places
 * that are set aside because they eat jobs, and the jobs by which they are tried again. Names are folded.
 */
export class BlackHoles1764000000013 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // In the order of time and without another index, so that whoever ends attempts only appends.
    await runner.query(`CREATE TABLE attempt_ends (
      ended_at DATETIME(6) NOT NULL,
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      vo VARCHAR(64) NOT NULL,
      owner_subject VARCHAR(255) NOT NULL,
      job_group VARCHAR(32) NOT NULL,
      site VARCHAR(100) NOT NULL,
      ce VARCHAR(255) NOT NULL,
      host VARCHAR(255) NOT NULL,
      pilot_stamp CHAR(32) NOT NULL,
      seconds DOUBLE NOT NULL,
      failure_class VARCHAR(16) NULL,
      PRIMARY KEY (ended_at, job_id, attempt)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE place_history (
      level ENUM('host', 'ce', 'site') NOT NULL,
      name VARCHAR(400) NOT NULL,
      hour DATETIME NOT NULL,
      ended INT UNSIGNED NOT NULL,
      lost INT UNSIGNED NOT NULL,
      failed INT UNSIGNED NOT NULL,
      PRIMARY KEY (level, name, hour),
      KEY by_hour (hour)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    const place = `level ENUM('pilot', 'host', 'ce', 'site') NOT NULL,
      name VARCHAR(400) NOT NULL`;
    await runner.query(`CREATE TABLE black_holes (
      ${place},
      site VARCHAR(100) NOT NULL,
      state ENUM('Banned', 'Probing', 'Released') NOT NULL,
      cause VARCHAR(8) NOT NULL,
      reason VARCHAR(1000) NOT NULL,
      changed_at DATETIME(6) NOT NULL,
      until_at DATETIME(6) NOT NULL,
      relapses INT UNSIGNED NOT NULL DEFAULT 0,
      PRIMARY KEY (level, name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE black_hole_probes (
      ${place},
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      PRIMARY KEY (level, name, job_id, attempt)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
