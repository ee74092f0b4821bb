import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tokens that are refused although they are genuine, by whose they are. Rows go when those tokens have expired. */
export class TokenRevocations1764000000009 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE token_revocations (
      name VARCHAR(300) NOT NULL,
      issued_before DATETIME(6) NOT NULL,
      forget_at DATETIME(6) NOT NULL,
      PRIMARY KEY (name)
    ) DEFAULT CHARSET utf8mb4 COLLATE utf8mb4_bin`);
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
