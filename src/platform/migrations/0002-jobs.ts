import type { MigrationInterface, QueryRunner } from 'typeorm';

const label = (length: number, fallback?: string): string =>
  `VARCHAR(${length}) COLLATE utf8mb4_general_ci NOT NULL${fallback === undefined ? '' : ` DEFAULT '${fallback}'`}`;

/**
 * Jobs and all that belongs to one job. `waiting_in` is the task queue in which the job can be claimed now, NULL
 * otherwise: it is set while the state is Waiting and no earlier attempt may still be executing.
 */
export class Jobs1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE job_descriptions (
      description_id BIGINT UNSIGNED NOT NULL,
      vo ${label(64)},
      document MEDIUMTEXT NOT NULL,
      jdl MEDIUMTEXT NULL,
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      PRIMARY KEY (description_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`INSERT INTO sequences (name, next_id) VALUES ('job_descriptions', 1)`);
    await runner.query(`CREATE TABLE jobs (
      job_id BIGINT UNSIGNED NOT NULL,
      vo ${label(64)},
      owner_subject VARCHAR(255) NOT NULL,
      owner ${label(64)},
      owner_group ${label(128)},
      description_id BIGINT UNSIGNED NOT NULL,
      expansion TEXT NULL,
      task_queue_id BIGINT UNSIGNED NULL,
      waiting_in BIGINT UNSIGNED NULL,
      status ${label(16)},
      minor_status ${label(128, '')},
      application_status ${label(255, 'Unknown')},
      job_name ${label(128)},
      job_type ${label(32)},
      job_group ${label(32)},
      site ${label(100, 'ANY')},
      user_priority TINYINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL DEFAULT 0,
      payload_retries TINYINT UNSIGNED NOT NULL DEFAULT 0,
      reschedule_counter INT UNSIGNED NOT NULL DEFAULT 0,
      infrastructure_failures INT UNSIGNED NOT NULL DEFAULT 0,
      submission_time DATETIME(6) NOT NULL,
      reschedule_time DATETIME(6) NULL,
      last_update_time DATETIME(6) NOT NULL,
      start_exec_time DATETIME(6) NULL,
      heart_beat_time DATETIME(6) NULL,
      end_exec_time DATETIME(6) NULL,
      verified_flag BOOLEAN NOT NULL DEFAULT TRUE,
      accounted_flag VARCHAR(8) NOT NULL DEFAULT 'False',
      PRIMARY KEY (job_id),
      KEY claimable (waiting_in, user_priority DESC, job_id),
      KEY by_status (vo, status, job_id),
      KEY by_owner (vo, owner, status, job_id),
      KEY by_group (vo, job_group, job_id),
      KEY by_site (vo, site, status, job_id),
      KEY by_update (vo, last_update_time)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE job_history (
      entry_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      recorded_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      job_id BIGINT UNSIGNED NOT NULL,
      vo ${label(64)},
      attempt INT UNSIGNED NOT NULL,
      status ${label(16)},
      minor_status ${label(128)},
      application_status ${label(255)},
      status_time DATETIME(6) NOT NULL,
      source ${label(40)},
      PRIMARY KEY (entry_id, recorded_at),
      KEY of_job (job_id, status_time, entry_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin
    PARTITION BY RANGE COLUMNS (recorded_at) (PARTITION future VALUES LESS THAN (MAXVALUE))`);
    await runner.query(`CREATE TABLE job_parameters (
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      name VARCHAR(128) NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (job_id, attempt, name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE job_commands (
      command_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      pilot_stamp CHAR(32) NULL,
      command VARCHAR(16) NOT NULL,
      arguments VARCHAR(255) NOT NULL DEFAULT '',
      created_at DATETIME(6) NOT NULL DEFAULT NOW(6),
      delivered_at DATETIME(6) NULL,
      acknowledged_at DATETIME(6) NULL,
      PRIMARY KEY (command_id),
      KEY of_job (job_id, attempt),
      KEY of_pilot (pilot_stamp, acknowledged_at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
    await runner.query(`CREATE TABLE attempts (
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      claimed_at DATETIME(6) NOT NULL,
      vo ${label(64)},
      holder_kind VARCHAR(8) NOT NULL DEFAULT 'pilot',
      pilot_stamp CHAR(32) NOT NULL,
      claim_id CHAR(36) NOT NULL,
      site ${label(100)},
      ce ${label(255)},
      processors SMALLINT UNSIGNED NOT NULL,
      memory INT UNSIGNED NOT NULL,
      gpus SMALLINT UNSIGNED NOT NULL DEFAULT 0,
      configuration_version INT UNSIGNED NOT NULL,
      isolation VARCHAR(16) NULL,
      host VARCHAR(255) NULL,
      started_at DATETIME(6) NULL,
      ended_at DATETIME(6) NULL,
      outcome VARCHAR(16) NULL,
      failure_class VARCHAR(16) NULL,
      exit_code INT NULL,
      PRIMARY KEY (job_id, attempt, claimed_at),
      KEY of_claim (pilot_stamp, claim_id)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin
    PARTITION BY RANGE COLUMNS (claimed_at) (PARTITION future VALUES LESS THAN (MAXVALUE))`);
    await runner.query(`CREATE TABLE leases (
      job_id BIGINT UNSIGNED NOT NULL,
      attempt INT UNSIGNED NOT NULL,
      claimed_at DATETIME(6) NOT NULL,
      vo ${label(64)},
      holder_kind VARCHAR(8) NOT NULL DEFAULT 'pilot',
      pilot_stamp CHAR(32) NOT NULL,
      expires_at DATETIME(6) NOT NULL,
      sequence INT UNSIGNED NOT NULL DEFAULT 0,
      metrics TEXT NULL,
      output_tail MEDIUMTEXT NULL,
      output_at DATETIME(6) NULL,
      PRIMARY KEY (job_id),
      KEY of_pilot (pilot_stamp),
      KEY by_expiry (expires_at)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
