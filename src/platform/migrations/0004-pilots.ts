import type { MigrationInterface, QueryRunner } from 'typeorm';

const label = (length: number, fallback: string): string =>
  `VARCHAR(${length}) COLLATE utf8mb4_general_ci NOT NULL DEFAULT '${fallback}'`;

/** Pilots, the chunks of their logs, and what agents know of queues. A pilot's row exists before its CE is asked. */
export class Pilots1764000000004 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE pilots (
      pilot_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      stamp VARCHAR(32) NOT NULL,
      vo ${label(128, '')},
      site ${label(128, 'Unknown')},
      ce ${label(128, 'NotAssigned')},
      queue ${label(128, 'Unknown')},
      grid_type ${label(32, 'DIRAC')},
      reference VARCHAR(255) NULL,
      status ${label(16, 'Submitted')},
      status_reason ${label(255, 'Unknown')},
      processors SMALLINT UNSIGNED NOT NULL DEFAULT 1,
      tags TEXT NULL,
      platforms TEXT NULL,
      secret_hash CHAR(64) NULL,
      secret_expires_at DATETIME(6) NULL,
      exchange_id CHAR(36) NULL,
      bound_owner VARCHAR(512) NULL,
      isolation VARCHAR(16) NULL,
      node TEXT NULL,
      bundle VARCHAR(64) NULL,
      bench_mark DOUBLE NOT NULL DEFAULT 0,
      initial_job_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
      current_job_id BIGINT UNSIGNED NOT NULL DEFAULT 0,
      accounting_sent BOOLEAN NOT NULL DEFAULT FALSE,
      drain BOOLEAN NOT NULL DEFAULT FALSE,
      submission_time DATETIME(6) NOT NULL DEFAULT NOW(6),
      submitted_at DATETIME(6) NULL,
      last_update_time DATETIME(6) NOT NULL DEFAULT NOW(6),
      last_contact DATETIME(6) NULL,
      ended_at DATETIME(6) NULL,
      log_state VARCHAR(8) NOT NULL DEFAULT 'none',
      log_bytes BIGINT UNSIGNED NOT NULL DEFAULT 0,
      PRIMARY KEY (pilot_id),
      UNIQUE KEY by_stamp (stamp),
      KEY by_status (vo, status, pilot_id),
      KEY by_queue (site, ce, queue, status),
      KEY by_log (log_state, last_update_time)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE pilot_log_chunks (
      stamp VARCHAR(32) NOT NULL,
      number INT UNSIGNED NOT NULL,
      bytes INT UNSIGNED NOT NULL,
      sha256 CHAR(64) NOT NULL,
      received_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (stamp, number)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE queue_states (
      vo VARCHAR(64) NOT NULL,
      site VARCHAR(128) NOT NULL,
      ce VARCHAR(128) NOT NULL,
      queue VARCHAR(128) NOT NULL,
      circuit VARCHAR(16) NOT NULL DEFAULT 'closed',
      failures INT UNSIGNED NOT NULL DEFAULT 0,
      reason VARCHAR(512) NOT NULL DEFAULT '',
      retry_at DATETIME(6) NULL,
      changed_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (vo, site, ce, queue)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_general_ci`);
    await runner.query(`CREATE TABLE agent_runs (
      agent VARCHAR(64) NOT NULL,
      last_started_at DATETIME(6) NOT NULL,
      last_ended_at DATETIME(6) NULL,
      last_seconds DOUBLE NULL,
      last_error VARCHAR(1024) NULL,
      failures INT UNSIGNED NOT NULL DEFAULT 0,
      process VARCHAR(128) NOT NULL,
      PRIMARY KEY (agent)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
