import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Answers how many bytes an owner has in sandboxes from the index alone. */
export class SandboxBytes1764000000007 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE sandboxes ADD KEY by_owner (vo, owner_subject, size)');
  }

  async down(): Promise<void> {
    throw new Error('Migrations go forward only');
  }
}
