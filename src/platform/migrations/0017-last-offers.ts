import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a pilot offered when it last asked and got nothing (JSON), so that any server can say why. */
export class LastOffers1764000000017 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE pilots ADD COLUMN last_offer TEXT NULL, ADD COLUMN last_offer_at DATETIME(6) NULL');
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
